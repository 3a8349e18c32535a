"""What to ask: saved searches, those of before, and what is new; shown where the query is empty."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from typing import Literal

from rich.cells import cell_len
from textual import events
from textual.message import Message

from mediaindex_tui.messages import Past, PastTold, Ready
from mediaindex_tui.shown_text import cut, fit, hours, shown
from mediaindex_tui.text_lines import Part, TextLines

Which = Literal["all", "recent", "saved"]
_NOTHING: dict[Which, str] = {
    "all": "type what you remember of a moment: what is seen, or words of its name",
    "saved": "nothing saved yet: s saves a search",
    "recent": "nothing asked yet",
}


class PastList(TextLines):
    """Lines of which one may be chosen; none is until ↓."""

    class Taken(Message):
        """A line was clicked."""

    def __init__(self) -> None:
        super().__init__(id="past")
        self.told = PastTold()
        self.ready: Ready | None = None
        self.has_failed = False  # the opening of the library
        self.which: Which = "all"
        self.cursor = -1

    @property
    def entries(self) -> list[tuple[str, Past]]:
        """(label, search) of each line."""
        named: Sequence[tuple[str, tuple[Past, ...]]] = (
            ("saved", self.told.saved), ("recent", self.told.recent), ("new", self.told.new)
        )  # fmt: skip
        chosen = [(label, past) for label, past in named if self.which in ("all", label)]
        return [(label, one) for label, past in chosen for one in past]

    @property
    def current(self) -> Past | None:
        """The search under the cursor."""
        return self.entries[self.cursor][1] if 0 <= self.cursor < len(self.entries) else None

    def turn_to(self, which: Which) -> None:
        """Show only some of them, the first chosen where it was asked for."""
        self.which = which
        self.cursor = -1 if which == "all" else 0
        self.draw()

    def move(self, by: int) -> None:
        """Choose another line."""
        self.cursor = max(-1 if self.which == "all" else 0, min(self.cursor + by, len(self.entries) - 1))
        self.draw()

    def draw(self) -> None:
        """Draw what is known now."""
        entries, rows = self.entries, max(1, self.size.height - 1)
        first = max(0, self.cursor - rows + 1)
        lines = [
            self._line(place, *entries[place]) for place in range(first, min(len(entries), first + rows))
        ]
        if not entries:
            lines = [[("  " + _NOTHING[self.which], "dim")]]
        self.show([("  " + self._title(), "dim")], *lines)

    def on_resize(self) -> None:
        """Another number of lines fits."""
        self.draw()

    def on_click(self, event: events.Click) -> None:
        """Take the line under the mouse."""
        rows = max(1, self.size.height - 1)
        place = event.y - 1 + max(0, self.cursor - rows + 1)
        if event.y >= 1 and place < len(self.entries):
            self.cursor = place
            self.draw()
            self.post_message(self.Taken())

    def _title(self) -> str:
        if self.which != "all":
            return {"saved": "saved searches", "recent": "searches of before"}[self.which]
        if self.ready is None:
            return "the library is not open" if self.has_failed else "opening the library"
        facts = [f"{self.ready.videos:,} videos".replace(",", " "), hours(self.ready.seconds)]
        if self.told.newest is not None:
            folder, when = self.told.newest
            facts.append(f"newest: {shown(folder)} ({said_day(datetime.date.fromisoformat(when))})")
        return " · ".join(facts)

    def _line(self, place: int, label: str, past: Past) -> list[Part]:
        is_here = place == self.cursor
        opened = (
            f"{past.opened} moments opened" if past.opened > 1 else "1 moment opened" if past.opened else ""
        )
        room = max(10, self.size.width - 10 - 20 - 14)
        name = cut(shown(past.name or past.text), room)
        query = "  " + shown(past.text) if past.name else ""
        return [
            (self.look.glyphs.cursor if is_here else " ", "cursor"),
            (fit(label, 8), "dim"),
            (name, "strong" if is_here else "text"),
            (fit(query, room - cell_len(name)), "dim"),
            (" " + fit(opened, 19), "dim"),
            (day(past.at), "dim"),
        ]


def day(at: float, *, today: datetime.date | None = None) -> str:
    """The day of a time in Unix seconds, as people say it; empty for 0."""
    if at <= 0:
        return ""
    try:
        then = datetime.datetime.fromtimestamp(at).date()  # noqa: DTZ006  the day where the user is
    except (ValueError, OSError, OverflowError):
        return ""
    return said_day(then, today=today)


def said_day(then: datetime.date, *, today: datetime.date | None = None) -> str:
    """A day as people say it: today, yesterday, Tuesday, 12 May, 12 May 2023."""
    now = today or datetime.date.today()  # noqa: DTZ011
    ago = (now - then).days
    if ago in (0, 1):
        return ("today", "yesterday")[ago]
    if 1 < ago < 7:
        return f"{then:%A}"
    return f"{then.day} {then:%b}" if then.year == now.year else f"{then.day} {then:%b %Y}"
