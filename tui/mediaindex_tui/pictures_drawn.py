"""A picture that the finder sent, as rows of cells. Pure."""

from __future__ import annotations

from textual.strip import Strip

from mediaindex_tui.cells import picture_strips
from mediaindex_tui.kitty import NUMBER_BYTES, placeholder_strips
from mediaindex_tui.messages import Wanted


def strips_of(wanted: Wanted, cells: bytes) -> tuple[Strip, ...]:
    """The rows of a picture: blank where there is none, and where it is drawn over them."""
    if wanted.style == "kitty" and len(cells) == NUMBER_BYTES:
        return placeholder_strips(int.from_bytes(cells, "big"), wanted.columns, wanted.rows)
    if wanted.style in ("quadrant", "half"):
        return picture_strips(cells, wanted.columns, wanted.rows)
    return picture_strips(b"", wanted.columns, wanted.rows)
