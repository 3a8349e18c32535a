"""The pictures that the finder sent, kept while there is room."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable

from mediaindex_tui.messages import Wanted

LARGEST_BYTES, MOST = 8 << 20, 1000
"""What is here of each may be no more than a number: then the terminal holds the picture."""
EMPTY_SECONDS = 20.0
"""So long a picture that does not exist is not asked for again: the video may be read meanwhile."""
MOST_EMPTY = 4000


class PictureCache:
    """Pictures by what was wanted; the one that was longest not looked at goes first.

    Args:
        dropped: gets what was kept of a picture that goes.
        now: seconds of a clock that only goes forward.
    """

    def __init__(
        self,
        largest_bytes: int = LARGEST_BYTES,
        *,
        most: int = MOST,
        dropped: Callable[[bytes], None] = lambda _cells: None,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self.largest_bytes, self.most = largest_bytes, most
        self._dropped = dropped
        self.bytes = 0
        self._now = now
        self._kept: OrderedDict[Wanted, bytes] = OrderedDict()
        self._empty: OrderedDict[Wanted, float] = OrderedDict()  # and when that was told

    def __contains__(self, wanted: Wanted) -> bool:
        told_at = self._empty.get(wanted)
        return wanted in self._kept or (told_at is not None and self._now() - told_at < EMPTY_SECONDS)

    def get(self, wanted: Wanted) -> bytes:
        """The cells of a picture; nothing where it is not here, or where the video has none."""
        found = self._kept.get(wanted)
        if found is None:
            return b""
        self._kept.move_to_end(wanted)
        return found

    def put(self, wanted: Wanted, cells: bytes) -> None:
        """Keep a picture; no cells say that there is none."""
        self._empty.pop(wanted, None)
        if wanted in self._kept:
            self._drop(wanted)
        if not cells:
            self._empty[wanted] = self._now()
            while len(self._empty) > MOST_EMPTY:
                self._empty.popitem(last=False)
            return
        self.bytes += len(cells)
        self._kept[wanted] = cells
        while len(self._kept) > 1 and (self.bytes > self.largest_bytes or len(self._kept) > self.most):
            self._drop(next(iter(self._kept)))

    def clear(self) -> None:
        """Keep nothing: another library has other videos under the same numbers."""
        for wanted in list(self._kept):
            self._drop(wanted)
        self._empty.clear()

    def _drop(self, wanted: Wanted) -> None:
        cells = self._kept.pop(wanted)
        self.bytes -= len(cells)
        self._dropped(cells)
