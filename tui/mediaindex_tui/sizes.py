"""Which parts of a search fit on a terminal, and how large they are. Pure."""

from __future__ import annotations

import math
from dataclasses import dataclass

from mediaindex_tui.contact_sheet import ROW
from mediaindex_tui.list_layout import View
from mediaindex_tui.rows import CARD_PICTURE, TILE_HEIGHT

SMALLEST = (40, 8)
ROOMY = (100, 30)
"""From this size on there is room for cards, and for a large preview."""
SMALL_SIDE = 33
ZOOMED_LIST = 36
FACTS_ROWS = 5
"""The facts and the empty row above them, where a contact sheet stands above."""
OTHER_ROWS = 8
"""Query, second line, strip, status and keys."""


@dataclass(frozen=True, slots=True)
class Side:
    """What stands beside the list, in cells.

    Attributes:
        width: of all. preview, facts: their rows. has_sheet: whether frames stand between them.
    """

    width: int
    preview: int
    facts: int
    has_sheet: bool


def side_of(width: int, height: int, *, is_far: bool, is_zoomed: bool, has_pictures: bool) -> Side:
    """The side of a terminal of this size.

    Args:
        is_far: whether a large preview would take longer on the line than the next key.
        is_zoomed: whether the preview is to be as large as can be.
    """
    rows = height - OTHER_ROWS
    side = SMALL_SIDE if width < ROOMY[0] or is_far else min(90, width * 46 // 100)
    if is_zoomed:
        side = max(side, width - ZOOMED_LIST)
    if not has_pictures:
        return Side(side, 0, max(1, rows - 1), has_sheet=False)
    preview = min(math.ceil((side - 3) * 9 / 32), max(5, rows - FACTS_ROWS))
    left = rows - preview - 1 - FACTS_ROWS
    has_sheet = left >= ROW and not is_far
    if has_sheet and left % ROW >= ROW // 2:
        preview -= ROW - left % ROW  # a little less of it makes room for one row of frames more
    return Side(side, preview, FACTS_ROWS - 1 if has_sheet else max(1, rows - preview - 1), has_sheet)


def lacking(width: int, height: int) -> dict[str, bool]:
    """By class of the style sheet whether a part has no room: first the side, then the strip."""
    return {
        "-too-small": width < SMALLEST[0] or height < SMALLEST[1],
        "-no-side": width < 80 or height < 24,
        "-no-strip": width < 60 or height < 18,
        "-no-status": height < 13,
    }


def list_rows(width: int, height: int) -> int:
    """The rows of the list: all but query, second line, strip, status and keys, as far as these are shown."""
    lacks = lacking(width, height)
    return height - 2 - (0 if lacks["-no-strip"] else 4) - (0 if lacks["-no-status"] else 2)


def fitting_view(view: View, rows: int) -> View:
    """A view of which a whole moment and a little more fits into so many rows: this one, else lines."""
    lowest = {"lines": 0, "cards": CARD_PICTURE[1] + 1, "grid": TILE_HEIGHT + 1}
    return view if rows >= lowest[view] else "lines"


def is_roomy(width: int, height: int) -> bool:
    """Whether cards fit."""
    return width >= ROOMY[0] and height >= ROOMY[1]
