"""What one request may cost in time and bytes, each bound met."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from mediaindex.decode.sandbox.limits import PATIENCE_SECONDS, Allowance, Limits
from mediaindex.decode.sandbox.process import Sandbox
from mediaindex.errors import DecoderDied


def test_a_child_that_keeps_talking_is_ended_all_the_same(hostile: Callable[[Limits], Sandbox]) -> None:
    sandbox = hostile(Limits(request_seconds=1.0))
    with pytest.raises(DecoderDied, match="not done after 1 s"):
        list(sandbox.ask({"do": "trickle"}))
    assert sandbox.pid is None
    with pytest.raises(DecoderDied, match="not done after 0 s"):
        list(hostile(Limits(request_seconds=0.0)).ask({"do": "many"}))


def test_a_large_file_is_granted_more_time(hostile: Callable[[Limits], Sandbox]) -> None:
    sandbox = hostile(Limits(request_seconds=0.0))
    assert len(list(sandbox.ask({"do": "many"}, extra_seconds=60.0))) == 5


def test_a_child_that_floods_is_ended(hostile: Callable[[Limits], Sandbox]) -> None:
    sandbox, taken = hostile(Limits(replies_bytes=8 << 20)), list[int]()
    with pytest.raises(DecoderDied, match="more than 8 MiB"):
        taken.extend(len(body) for _, body in sandbox.ask({"do": "flood"}))
    assert sum(taken) == 7 << 20, "the headers count, too"
    assert list(sandbox.ask({"do": "echo"})), "each request has the whole allowance"
    assert list(sandbox.ask({"do": "echo"}))


@pytest.mark.parametrize("received", [[11], [10, 1], [4, 4, 4]])
def test_bytes_over_the_allowance_are_refused_however_they_come(received: list[int]) -> None:
    allowance = Allowance(60.0, 10)
    *first, last = received
    for size_bytes in first:
        allowance.use(size_bytes)
    with pytest.raises(DecoderDied, match="more than 0 MiB"):
        allowance.use(last)


def test_what_is_within_the_allowance_is_taken() -> None:
    allowance = Allowance(60.0, 10)
    for _ in range(10):
        allowance.use(1)
    with pytest.raises(DecoderDied):
        allowance.use(1)


def test_time_that_is_over_is_refused() -> None:
    with pytest.raises(DecoderDied, match="was not done after"):
        Allowance(-1.0, 10).use(0)


def test_a_request_may_take_longer_than_a_reply() -> None:
    limits = Limits()
    assert limits.cpu_seconds <= limits.reply_seconds <= limits.request_seconds


def test_a_child_stops_searching_before_it_is_stopped() -> None:
    assert Limits().patience_seconds == PATIENCE_SECONDS
    for reply_seconds in (1.0, 8.0, 60.0, 86_400.0):
        patience = Limits(reply_seconds=reply_seconds).patience_seconds
        assert patience <= PATIENCE_SECONDS
        assert 3 * patience < reply_seconds
