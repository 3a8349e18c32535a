"""The retry policy of files that could not be read: exponential backoff, then the dead-letter state."""

from __future__ import annotations

import random
import time

from mediaindex.decode.worker import DECODER_VERSION
from mediaindex.errors import DecoderDied, MediaError
from mediaindex.media import FileEvent
from mediaindex.store.catalog.failures import LONGEST_WAIT_SECONDS, Failure

ATTEMPTS = 5
DECODER_DEATHS = 2
RETRY_SECONDS = 30.0
JITTER = 0.2
"""Share by which a wait varies, so that files that failed together are not retried together."""


def failure_after(
    error: MediaError, event: FileEvent, before: Failure | None, *, decoder: str = DECODER_VERSION
) -> Failure:
    """The failure row after one more attempt: waiting with backoff, or dead.

    Earlier attempts on other bytes, or with another decoder, do not count.
    """
    counts = before is not None and is_same_try(before, event, decoder)
    attempts = (before.attempts if before is not None and counts else 0) + 1
    limit = DECODER_DEATHS if isinstance(error, DecoderDied) else ATTEMPTS
    dead = not error.transient or attempts >= limit
    return Failure(
        path=event.path,
        stage=error.stage,
        state="dead" if dead else "waiting",
        attempts=attempts,
        next_at=None if dead else time.time() + _wait_seconds(attempts),
        reason=error.reason,
        size=event.size,
        mtime_ns=event.mtime_ns,
        decoder=decoder,
    )


def is_same_try(failure: Failure, event: FileEvent, decoder: str) -> bool:
    """Whether neither the file nor the decoder changed since the failure, so that a try would repeat it."""
    return (failure.size, failure.mtime_ns, failure.decoder) == (event.size, event.mtime_ns, decoder)


def _wait_seconds(attempts: int) -> float:
    wait = RETRY_SECONDS * 4.0 ** (attempts - 1) * random.uniform(1.0 - JITTER, 1.0 + JITTER)
    return min(wait, LONGEST_WAIT_SECONDS)
