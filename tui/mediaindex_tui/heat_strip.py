"""How well the video under the cursor answers along its time: a strip with its peaks and cuts."""

from __future__ import annotations

from rich.style import Style
from textual import events
from textual.message import Message
from textual.strip import Strip

from mediaindex_tui import messages
from mediaindex_tui.drawn import Drawn
from mediaindex_tui.heat import Columns, bars, column_of, columns_of, second_of
from mediaindex_tui.messages import Moment
from mediaindex_tui.rows import text_strip
from mediaindex_tui.shown_text import clock, cut, shown


class HeatStrip(Drawn):
    """Four rows: a rule, the name and the times, the bars, the cuts and where one is."""

    class Moved(Message):
        """The strip was clicked at a time."""

        def __init__(self, seconds: float) -> None:
            super().__init__()
            self.seconds = seconds

    def __init__(self) -> None:
        super().__init__(id="strip")
        self.moment: Moment | None = None
        self.told: messages.Strip | None = None
        self.at = 0.0

    def show(self, moment: Moment | None, told: messages.Strip | None, at: float) -> None:
        """Show a video; without `told` its name alone, until the finder tells more."""
        if (moment, told, at) != (self.moment, self.told, self.at):
            self.moment, self.told, self.at = moment, told, at
            self.refresh()

    @property
    def duration(self) -> float:
        """Seconds of the video, 0 where nobody knows."""
        return (self.told.duration if self.told else 0.0) or (self.moment and self.moment.duration) or 0.0

    def render_line(self, y: int) -> Strip:
        """One of the four rows."""
        width = self.size.width
        if y == 0:
            parts = [(self.look.glyphs.rule * width, self.look.dim)]
        elif self.moment is None or y > 3:
            parts = []
        else:
            parts = [self._names, self._bars, self._ticks][y - 1](width - 2)
        return text_strip(parts, width).apply_style(self.base)

    def on_click(self, event: events.Click) -> None:
        """Go where the mouse points."""
        if self.duration > 0:
            self.post_message(self.Moved(second_of(event.x - 1, self.duration, self.size.width - 2)))

    def _names(self, width: int) -> list[tuple[str, Style]]:
        assert self.moment is not None
        look, dot = self.look, f" {self.look.glyphs.dot} "
        facts = [f"{clock(self.at)} of {clock(self.duration)}"] if self.duration else [clock(self.at)]
        peaks = sorted(self.told.peaks) if self.told else []
        here = [place for place, peak in enumerate(peaks) if abs(peak - self.at) < 0.05]
        if peaks:
            facts.append(f"peak {here[0] + 1} of {len(peaks)}" if here else _counted(len(peaks), "peak"))
        if self.told and self.told.cuts:
            facts.append(_counted(len(self.told.cuts), "shot"))
        before = f" {dot.join(facts)} {look.glyphs.rule} "
        name = shown(self.moment.name).rpartition("/")[2]
        return [(before, look.dim), (cut(name, width - len(before), look.glyphs.ellipsis), look.strong)]

    def _bars(self, width: int) -> list[tuple[str, Style]]:
        look, steps = self.look, self.look.glyphs.steps
        assert self.moment is not None
        if self.told is None:
            return [(" " + steps[0] * width, look.dim)]
        drawn = bars(self._columns(width).levels, steps) if self.told.scores else steps[0] * width
        first = column_of(self.moment.start, self.duration, width)
        last = max(first + 1, column_of(self.moment.end, self.duration, width))
        return [
            (" " + drawn[:first], look.dim if not self.told.scores else look.text),
            (drawn[first:last], look.accent),
            (drawn[last:], look.dim if not self.told.scores else look.text),
        ]

    def _ticks(self, width: int) -> list[tuple[str, Style]]:
        ticks = [" "] * width
        if self.told is not None:
            for column in self._columns(width).cuts:
                ticks[column] = self.look.glyphs.cut
        if self.duration > 0:
            ticks[column_of(self.at, self.duration, width)] = self.look.glyphs.here
        return [(" " + "".join(ticks), self.look.strong)]

    def _columns(self, width: int) -> Columns:
        assert self.told is not None
        return columns_of(self.told, width)


def _counted(count: int, thing: str) -> str:
    return f"1 {thing}" if count == 1 else f"{count} {thing}s"
