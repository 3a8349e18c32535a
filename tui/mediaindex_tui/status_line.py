"""The two lines at the foot: how things stand, and what keys do here."""

from __future__ import annotations

from dataclasses import dataclass, field

from rich.cells import cell_len

from mediaindex_tui.keys import Keymap, State, footer
from mediaindex_tui.messages import Answer, Notice, Status
from mediaindex_tui.moments import videos_of
from mediaindex_tui.shown_text import shown
from mediaindex_tui.text_lines import Part, TextLines

NOTICE_SECONDS = 10.0


@dataclass(slots=True)
class Standing:
    """What the status line is made of.

    Attributes:
        notice: said last, None where it is over. said: all of this session, for the palette.
    """

    status: Status | None = None
    answer: Answer | None = None
    marked: int = 0
    notice: Notice | None = None
    said: list[Notice] = field(default_factory=list)

    def say(self, notice: Notice) -> None:
        """Show a line until it is over; an error stays until the next."""
        self.notice = notice
        self.said.append(notice)

    @property
    def notice_part(self) -> Part | None:
        """What was said last, as a part of a line; None where it is over."""
        if self.notice is None:
            return None
        return shown(self.notice.text), "wrong" if self.notice.is_error else "accent"

    def parts(self) -> list[Part]:
        """The line, the newest first: what does not fit is cut from the right."""
        found: list[Part] = [] if self.notice_part is None else [self.notice_part]
        if self.marked:
            found.append((f"● {self.marked} marked", "right"))
        if self.answer is not None:
            count, videos = len(self.answer.moments), videos_of(self.answer.moments)
            more = "+" if self.answer.more else ""
            of = f" of {self.answer.videos}" if self.answer.videos else ""
            found.append((f"{count}{more} moments in {videos} videos{of}", "dim"))
        if self.status is not None:
            found += self._watching(self.status)
        return [(text, style) for part in found for text, style in ((" · ", "dim"), part)][1:]

    def _watching(self, status: Status) -> list[Part]:
        found: list[Part] = []
        if status.watcher or status.is_watching:
            found.append(("watching: " + shown(status.watcher or "ready"), "dim"))
        elif status.videos:
            found.append(("nothing watches your folders, F2", "dim"))
        if status.offline:
            found.append((", ".join(map(shown, status.offline)) + " offline", "dim"))
        if status.failures:
            found.append((f"{status.failures} could not be read, F2", "dim"))
        return found


class StatusLine(TextLines):
    """Marks, moments, the watcher, volumes that are away, and what was said last."""

    def show_standing(self, standing: Standing) -> None:
        """Show how things stand."""
        self.show([(" ", "text"), *standing.parts()])


class FooterLine(TextLines):
    """The keys of a state, the most useful first; those that do not fit are left out."""

    def show_keys(self, state: State, keys: Keymap, width: int) -> None:
        """Show the keys of a state."""
        parts: list[Part] = [(" ", "text")]
        room = width - 1
        for unicode_key, label in footer(state, keys):
            key = self.look.glyphs.text(unicode_key)
            text = f"{key} {label}" if label else key
            if cell_len(text) > room:
                break
            parts += [(key, "strong"), (f" {label}  " if label else "  ", "dim")]
            room -= cell_len(text) + 2
        self.show(parts)
