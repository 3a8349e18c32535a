"""Pictures for the screen: out of the frame cache, as the terminal can show them; nothing is written."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator
from typing import TYPE_CHECKING

from mediaindex.errors import DecodeError
from mediaindex.store.catalog import lookup
from mediaindex.store.library import Library
from mediaindex.store.vectors.spaces import Space
from mediaindex_tui.messages import Picture, Wanted, WantPictures

if TYPE_CHECKING:
    from mediaindex.search.searcher import Searcher

JPEGS, JPEG_BYTES = 2000, 56 << 20
BLOCKS, BLOCK_BYTES = 1000, 16 << 20
LARGEST_SIDE = 1000
"""Of cells; no terminal has more."""
LARGEST_PIXELS = 4096
"""A side of a picture of pixels, whatever a terminal says of its cells."""

Place = tuple[int, float]


class Kept:
    """Bytes by what they are of; where there are too many, those that were longest not used go.

    Args:
        most: how many. most_bytes: of all together.
    """

    def __init__(self, most: int, most_bytes: int) -> None:
        self._most = most
        self._most_bytes = most_bytes
        self._bytes = 0
        self._kept: OrderedDict[object, bytes] = OrderedDict()

    def get(self, name: object) -> bytes | None:
        """What is kept of something."""
        found = self._kept.get(name)
        if found is not None:
            self._kept.move_to_end(name)
        return found

    def put(self, name: object, value: bytes) -> None:
        """Keep something."""
        self._bytes += len(value) - len(self._kept.pop(name, b""))
        self._kept[name] = value
        while len(self._kept) > self._most or self._bytes > self._most_bytes:
            self._bytes -= len(self._kept.popitem(last=False)[1])


class Pictures:
    """The pictures of one library.

    Args:
        space: whose frames they are, None in a library without any.
    """

    def __init__(self, library: Library, space: Space | None) -> None:
        self._library = library
        self._space = space
        self._jpegs = Kept(JPEGS, JPEG_BYTES)
        self._blocks = Kept(BLOCKS, BLOCK_BYTES)
        self._searcher: Searcher | None = None

    def shown(self, request: WantPictures) -> Iterator[Picture]:
        """Each picture that is wanted, in the order in which they were asked for."""
        for wanted in request.pictures:
            yield Picture(wanted, self._cells(wanted))

    def _cells(self, wanted: Wanted) -> bytes:
        """A picture as it was wanted; nothing where there is none, or none may be shown."""
        jpeg = self._jpeg(wanted.video_id, wanted.seconds)
        if jpeg is None or wanted.style == "jpeg":
            return jpeg or b""
        if not (0 < wanted.columns <= LARGEST_SIDE and 0 < wanted.rows <= LARGEST_SIDE):
            return b""
        cells = self._blocks.get(wanted)
        if cells is None:
            try:
                cells = _made(jpeg, wanted)
            except DecodeError:
                return b""
            self._blocks.put(wanted, cells)
        return cells

    def _jpeg(self, video_id: int, seconds: float) -> bytes | None:
        kept = self._jpegs.get((video_id, seconds))
        if kept is not None:
            return kept
        with self._library.read() as connection:
            places = lookup.places(connection, [video_id]).get(video_id, ())
        if not places or any(place.private for place in places):
            return None
        if self._searcher is None:
            from mediaindex.search.searcher import Searcher

            self._searcher = Searcher(self._library, self._space, None)
        (jpeg,) = self._searcher.pictures(video_id, [seconds])
        if jpeg is not None:
            self._jpegs.put((video_id, seconds), jpeg)
        return jpeg


def _made(jpeg: bytes, wanted: Wanted) -> bytes:
    """A picture as it was wanted; each way brings libraries of its own.

    Raises:
        DecodeError: it is no JPEG, or damaged.
    """
    if wanted.style in ("kitty", "sixel"):
        from mediaindex_tui.finder.pixels import png_of, sixels_of

        width, height = (
            min(LARGEST_PIXELS, max(1, n))
            for n in (wanted.columns * wanted.cell[0], wanted.rows * wanted.cell[1])
        )
        return (png_of if wanted.style == "kitty" else sixels_of)(jpeg, width, height)
    from mediaindex_tui.finder.quadrants import cells_of

    return cells_of(jpeg, wanted.columns, wanted.rows, wanted.style)
