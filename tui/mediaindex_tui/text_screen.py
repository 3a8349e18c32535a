"""A page of text over the screen, which scrolls and closes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.screen import ModalScreen

from mediaindex_tui.ascii_scrollbar import use_ascii
from mediaindex_tui.messages import CommandTold, Reply
from mediaindex_tui.shown_text import shown
from mediaindex_tui.text_lines import TextLines, keys_line


class TextScreen(ModalScreen[None], inherit_bindings=False):
    """A title and lines.

    Args:
        awaits: the command whose lines are shown as soon as it has printed them.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q,enter", "close", show=False),
        Binding("ctrl+q,ctrl+c", "app.leave", show=False),
    ]

    def __init__(self, title: str, lines: Sequence[str], *, awaits: str | None = None) -> None:
        super().__init__()
        self.heading = title
        self.texts = list(lines)
        self.awaits = awaits

    def compose(self) -> ComposeResult:
        """The title, the lines, how to close."""
        yield TextLines(id="page-title")
        with VerticalScroll(id="page"):
            yield TextLines(id="page-text")
        yield TextLines(id="page-foot")

    def on_mount(self) -> None:
        """Show the text."""
        if getattr(self.app, "is_ascii", False):
            use_ascii(self.query_one("#page"))
        self.query_one("#page-title", TextLines).show([(f" {self.heading}", "strong")])
        self._show(self.texts)
        self.query_one("#page-foot", TextLines).show(keys_line(("Esc", "back"), ("↑ ↓", "scroll")))
        self.query_one("#page").focus()

    def told(self, reply: Reply) -> None:
        """Show what the command printed that is waited for."""
        if isinstance(reply, CommandTold) and reply.title == self.awaits:
            self._show([shown(line) for line in reply.lines])

    def _show(self, lines: Sequence[str]) -> None:
        self.query_one("#page-text", TextLines).show(*[[(f" {line}", "text")] for line in lines])

    def action_close(self) -> None:
        """Back to the screen below."""
        self.dismiss()
