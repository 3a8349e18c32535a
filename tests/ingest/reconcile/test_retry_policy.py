"""How often a file that cannot be read is tried, and when."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from mediaindex.errors import DecodeError, DecoderDied, MediaError, ProbeError
from mediaindex.ingest.reconcile.retry_policy import (
    ATTEMPTS,
    JITTER,
    RETRY_SECONDS,
    failure_after,
    is_same_try,
)
from mediaindex.media import FileEvent
from mediaindex.store.catalog.failures import LONGEST_WAIT_SECONDS, Failure


def event() -> FileEvent:
    return FileEvent(Path("/videos/a.mp4"), 10, 20)


@pytest.mark.parametrize(
    ("error", "tries"),
    [
        (ProbeError("text, not a video"), 1),
        (DecodeError("damaged"), 1),
        (DecoderDied("killed"), 2),
        (MediaError("I/O error", transient=True), ATTEMPTS),
    ],
)
def test_a_failure_is_tried_as_often_as_its_kind_is_worth(error: MediaError, tries: int) -> None:
    record, delays = None, []
    for attempt in range(1, tries + 1):
        record = failure_after(error, event(), record)
        assert (record.attempts, record.state) == (attempt, "dead" if attempt == tries else "waiting")
        assert (record.next_at is None) == (record.state == "dead")
        delays.append(record.next_at)
    assert record is not None
    assert (record.reason, record.stage, record.size, record.mtime_ns) == (error.reason, error.stage, 10, 20)
    waits = [delay for delay in delays if delay is not None]
    assert waits == sorted(waits)


TRANSIENT = MediaError("I/O error", transient=True)


def failed(times: int, *, decoder: str = "one") -> Failure:
    failure = failure_after(TRANSIENT, event(), None, decoder=decoder)
    for _ in range(times - 1):
        failure = failure_after(TRANSIENT, event(), failure, decoder=decoder)
    return failure


@pytest.mark.parametrize("attempt", range(1, ATTEMPTS))
def test_each_wait_is_four_times_the_last_up_to_a_bound(attempt: int) -> None:
    now = time.time()
    failure = failed(attempt)
    assert failure.next_at is not None
    wait = RETRY_SECONDS * 4.0 ** (attempt - 1)
    assert failure.next_at - now >= min(wait * (1 - JITTER), LONGEST_WAIT_SECONDS)
    assert failure.next_at - time.time() <= min(wait * (1 + JITTER), LONGEST_WAIT_SECONDS)


def test_attempts_on_other_bytes_or_with_another_decoder_do_not_count() -> None:
    before = failed(3)
    changed = FileEvent(event().path, event().size + 1, event().mtime_ns)
    assert failure_after(TRANSIENT, event(), before, decoder="one").attempts == 4
    assert failure_after(TRANSIENT, changed, before, decoder="one").attempts == 1
    assert failure_after(TRANSIENT, event(), before, decoder="two").attempts == 1
    assert is_same_try(before, event(), "one")
    assert not is_same_try(before, changed, "one")
    assert not is_same_try(before, event(), "two")
