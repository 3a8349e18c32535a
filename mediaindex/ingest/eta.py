"""The ETA of a first pass, and the disk space that it will need, extrapolated from its work so far."""

from __future__ import annotations

import time
from collections.abc import Callable

from mediaindex.ingest.progress import Outlook

LEAST_SHARE = 0.01
"""Of the media that must be decoded before there is an ETA."""


class EtaEstimator:
    """Extrapolates from the videos that a pass has decoded to those that it has yet to decode.

    Args:
        media_seconds: length of all media that the pass has to decode.
        vector_bytes: bytes on disk that one frame's vectors take.
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
        """Count one more decoded video, with the bytes of its frames in the cache."""
        self._decoded_seconds += media_seconds
        self._bytes += blob_bytes + frames * self._vector_bytes

    def outlook(self, searchable: float) -> Outlook:
        """ETA, disk space and speed so far; all None until 1 % of the media is decoded.

        Args:
            searchable: share of the videos that a picture search finds already, 0..1.
        """
        if self._decoded_seconds <= LEAST_SHARE * self._media_seconds:
            return Outlook(searchable, None, None)
        remaining = max(0.0, self._media_seconds - self._decoded_seconds) / self._decoded_seconds
        now = self._clock()
        took = now - self._began
        speed = self._decoded_seconds / took if took > 0 else None
        return Outlook(searchable, now + took * remaining, int(self._bytes * remaining), speed)
