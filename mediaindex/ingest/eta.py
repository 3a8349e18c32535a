"""When a library's first pass will be done, and how much disk it will take: judged by what it took so far."""

from __future__ import annotations

import time
from collections.abc import Callable

from mediaindex.ingest.progress import Outlook

# Before this much of the media is decoded, there is nothing to judge by.
JUDGED_SHARE = 0.01


class EtaEstimator:
    """Counts what a pass did of what it has to do.

    Args:
        media_seconds: to be decoded in all.
        vector_bytes: on disk, of one frame.
        clock: seconds, as `time.time`.
    """

    def __init__(
        self, media_seconds: float, *, vector_bytes: int, clock: Callable[[], float] = time.time
    ) -> None:
        self._media_seconds = media_seconds
        self._vector_bytes = vector_bytes
        self._clock = clock
        self._began = clock()
        self._decoded_seconds = 0.0
        self._bytes = 0

    def add(self, media_seconds: float, *, frames: int, blob_bytes: int) -> None:
        """One more video is decoded."""
        self._decoded_seconds += media_seconds
        self._bytes += blob_bytes + frames * self._vector_bytes

    def outlook(self, searchable: float) -> Outlook:
        """As it looks now."""
        left = max(0.0, self._media_seconds - self._decoded_seconds)
        if self._decoded_seconds <= JUDGED_SHARE * self._media_seconds:
            return Outlook(searchable, None, None)
        share = left / self._decoded_seconds
        now = self._clock()
        return Outlook(searchable, now + (now - self._began) * share, int(self._bytes * share))
