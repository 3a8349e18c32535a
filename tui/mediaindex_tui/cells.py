"""A block of picture cells, as the finder sends it, as strips. Pure."""

from __future__ import annotations

from functools import lru_cache
from itertools import groupby

from rich.color import Color
from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip

from mediaindex_tui.messages import GLYPHS

BYTES_OF_A_CELL = 7


@lru_cache(maxsize=512)
def picture_strips(cells: bytes, columns: int, rows: int) -> tuple[Strip, ...]:
    """`rows` strips of `columns` cells each, blank where the block is too short."""
    width = columns * BYTES_OF_A_CELL
    return tuple(_strip(cells[row * width : (row + 1) * width], columns) for row in range(rows))


def _strip(line: bytes, columns: int) -> Strip:
    found = [line[start : start + BYTES_OF_A_CELL] for start in range(0, len(line), BYTES_OF_A_CELL)]
    whole = [cell for cell in found if len(cell) == BYTES_OF_A_CELL]
    segments = [
        Segment("".join(GLYPHS[cell[0] % len(GLYPHS)] for cell in same), _style(colours))
        for colours, same in ((colours, list(same)) for colours, same in groupby(whole, lambda one: one[1:]))
    ]
    if len(whole) < columns:
        segments.append(Segment(" " * (columns - len(whole))))
    return Strip(segments, columns)


@lru_cache(maxsize=16_384)
def _style(colours: bytes) -> Style:
    return Style(color=Color.from_rgb(*colours[:3]), bgcolor=Color.from_rgb(*colours[3:6]))
