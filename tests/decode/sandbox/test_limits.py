"""What one request may cost in time and bytes, each bound met."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from mediaindex.decode.sandbox.limits import Limits
from mediaindex.decode.sandbox.process import Sandbox
from mediaindex.errors import (
    DecoderDied,
)


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
