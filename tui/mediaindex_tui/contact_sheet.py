"""Sampled frames around the moment under the cursor, to choose one of."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import ClassVar

from textual import events
from textual.binding import BindingType
from textual.geometry import Region
from textual.message import Message
from textual.strip import Strip

from mediaindex.safe_text import format_seconds
from mediaindex_tui import keys
from mediaindex_tui.drawn import Drawn
from mediaindex_tui.messages import Wanted
from mediaindex_tui.moments import neighbours
from mediaindex_tui.pictures_drawn import strips_of
from mediaindex_tui.rows import CARD_PICTURE, text_strip
from mediaindex_tui.terminal_pictures import Drawing

COLUMN = CARD_PICTURE[0] + 1
ROW = CARD_PICTURE[1] + 1
"""Cells of a frame with the gap beside it, and with its time below."""


class ContactSheet(Drawn, can_focus=True, inherit_bindings=False):
    """Frames of one video in their order; the chosen one is where a player begins."""

    BINDINGS: ClassVar[list[BindingType]] = keys.bindings("sheet")

    class Chosen(Message):
        """A frame was chosen."""

        def __init__(self, seconds: float) -> None:
            super().__init__()
            self.seconds = seconds

    class Resized(Message):
        """There is room for another number of frames."""

    def __init__(self, picture_of: Callable[[Wanted], bytes]) -> None:
        super().__init__(id="sheet")
        self.picture_of = picture_of
        self.drawing = Drawing("quadrant", "quadrant")
        self.video_id = 0
        self.seconds: list[float] = []
        self.at = 0.0

    @property
    def columns(self) -> int:
        """Frames beside each other."""
        return max(0, (self.size.width - 1) // COLUMN)

    @property
    def capacity(self) -> int:
        """How many frames there is room for."""
        return self.columns * (self.size.height // ROW)

    def show(self, video_id: int, every: tuple[float, ...], at: float) -> None:
        """Show the frames around a time; while it is among those shown already, they stay."""
        stays = video_id == self.video_id and at in self.seconds and set(self.seconds) <= set(every)
        frames = self.seconds if stays else neighbours(every, at, self.capacity)
        if (video_id, frames) != (self.video_id, self.seconds):
            self.refresh()
        elif at != self.at:
            self.refresh(*self._times())
        self.video_id, self.seconds, self.at = video_id, frames, at

    def refresh_picture(self, wanted: Wanted) -> None:
        """Draw one frame, if it is among those shown."""
        if wanted.video_id == self.video_id and wanted.seconds in self.seconds and self.columns:
            row = self.seconds.index(wanted.seconds) // self.columns
            self.refresh(Region(0, row * ROW, self.size.width, CARD_PICTURE[1]))

    def wanted_pictures(self) -> Iterator[Wanted]:
        """The pictures of the frames that are shown."""
        if self.drawing.listed is not None and self.display:
            yield from map(self._wanted, self.seconds)

    def move(self, by: int) -> None:
        """Choose another frame."""
        if self.seconds:
            here = min(range(len(self.seconds)), key=lambda place: abs(self.seconds[place] - self.at))
            there = max(0, min(here + by, len(self.seconds) - 1))
            self.post_message(self.Chosen(self.seconds[there]))

    def on_click(self, event: events.Click) -> None:
        """Choose the frame under the mouse."""
        place = event.y // ROW * self.columns + min((event.x - 1) // COLUMN, self.columns - 1)
        if 0 <= place < len(self.seconds):
            self.post_message(self.Chosen(self.seconds[place]))

    def on_resize(self) -> None:
        """Another number of frames fits."""
        self.seconds = []
        self.post_message(self.Resized())

    def on_focus(self) -> None:
        """Show where the focus is."""
        self.refresh(*self._times())

    def on_blur(self) -> None:
        """Show that it is elsewhere."""
        self.refresh(*self._times())

    def render_line(self, y: int) -> Strip:
        """One row of pictures, or of the times below them."""
        if not self.columns:
            return Strip.blank(self.size.width, self.base)
        first, row = y // ROW * self.columns, y % ROW
        frames = self.seconds[first : first + self.columns]
        parts = [Strip.blank(1), *(self._frame(second, row) for second in frames)]
        return Strip.join(parts).adjust_cell_length(self.size.width).apply_style(self.base)

    def _times(self) -> list[Region]:
        """The rows below the pictures."""
        return [Region(0, y, self.size.width, 1) for y in range(ROW - 1, self.size.height, ROW)]

    def _frame(self, second: float, row: int) -> Strip:
        if row == CARD_PICTURE[1]:
            is_here = abs(second - self.at) < 0.05
            mark = (self.look.glyphs.cursor if self.has_focus else self.look.glyphs.here) if is_here else " "
            style = self.look.strong if is_here else self.look.dim
            return text_strip([(mark, self.look.cursor), (format_seconds(second), style)], COLUMN)
        wanted = self._wanted(second)
        return Strip.join([strips_of(wanted, self.picture_of(wanted))[row], Strip.blank(1)])

    def _wanted(self, second: float) -> Wanted:
        style = self.drawing.listed or "quadrant"
        return Wanted(self.video_id, second, *CARD_PICTURE, style, self.drawing.cell)
