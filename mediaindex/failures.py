"""When a file that could not be read is tried again, and when no more."""

from __future__ import annotations

import time

from mediaindex.errors import DecoderDied, MediaError
from mediaindex.frames import DECODER_VERSION
from mediaindex.media import FileEvent
from mediaindex.store.catalog import Failure

ATTEMPTS = 5
DECODER_DEATHS = 2
RETRY_SECONDS = 30.0
RETRY_SECONDS_MOST = 6 * 3600.0


def failure_after(error: MediaError, event: FileEvent, before: Failure | None) -> Failure:
    """The failure row after one more attempt: waiting with backoff, or dead."""
    attempts = (before.attempts if before else 0) + 1
    limit = DECODER_DEATHS if isinstance(error, DecoderDied) else ATTEMPTS
    dead = not error.transient or attempts >= limit
    delay = min(RETRY_SECONDS * 4 ** (attempts - 1), RETRY_SECONDS_MOST)
    return Failure(
        path=event.path,
        stage=error.stage,
        state="dead" if dead else "waiting",
        attempts=attempts,
        next_at=None if dead else time.time() + delay,
        reason=error.reason,
        size=event.size,
        mtime_ns=event.mtime_ns,
        decoder=DECODER_VERSION,
    )
