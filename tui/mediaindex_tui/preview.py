"""The picture of the moment under the cursor, large; the one before stays until the new one is there."""

from __future__ import annotations

from rich.segment import ControlType, Segment
from textual.strip import Strip

from mediaindex_tui.drawn import Drawn
from mediaindex_tui.kitty import MOST_CELLS
from mediaindex_tui.messages import Wanted
from mediaindex_tui.pictures_drawn import strips_of
from mediaindex_tui.terminal_pictures import Drawing

MARGIN = 1
_NO_TEXT = ((ControlType.CURSOR_FORWARD, 0),)
"""Tells Rich that a segment takes no cells."""


class Preview(Drawn):
    """One picture, as large as fits."""

    def __init__(self) -> None:
        super().__init__(id="preview")
        self.wanted: Wanted | None = None
        self.shown: tuple[Wanted, bytes] | None = None

    def want(self, video_id: int, seconds: float, drawing: Drawing) -> Wanted | None:
        """Point at a moment: the picture to ask for, None where there is no room for one."""
        columns, rows = self.size.width - 2 * MARGIN, self.size.height
        if columns < 16 or rows < 5 or drawing.large is None:
            self.wanted = None
        else:
            columns = min(columns, MOST_CELLS)
            self.wanted = Wanted(video_id, seconds, columns, rows, drawing.large, drawing.cell)
        return self.wanted

    def take(self, wanted: Wanted, cells: bytes) -> None:
        """Show a picture, if it is the one pointed at."""
        if wanted == self.wanted and self.shown != (wanted, cells):
            self.shown = (wanted, cells)
            self.refresh()

    def clear(self) -> None:
        """Show nothing."""
        if self.shown is not None:
            self.shown = self.wanted = None
            self.refresh()

    def render_line(self, y: int) -> Strip:
        """One row."""
        width = self.size.width
        if self.shown is None:
            return Strip.blank(width, self.base)
        wanted, cells = self.shown
        strips = strips_of(wanted, cells)
        if y >= len(strips):
            return Strip.blank(width, self.base)
        row = Strip.join([Strip.blank(MARGIN), strips[y], Strip.blank(MARGIN)])
        whole = row.adjust_cell_length(width).apply_style(self.base)
        return self._with_sixels(whole, cells) if wanted.style == "sixel" and y == wanted.rows - 1 else whole

    def _with_sixels(self, last: Strip, sixels: bytes) -> Strip:
        """The last row, and the picture over all rows: it is drawn last, since cells would erase it."""
        x, y = self.region.offset
        there = f"\x1b[{y + 1};{x + MARGIN + 1}H"
        drawn = Segment(f"\x1b7{there}{sixels.decode('ascii')}\x1b8", None, _NO_TEXT)
        return Strip([*last, drawn], last.cell_length)
