"""The query: an input that knows the query language, with the completion behind its caret."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from rich.highlighter import Highlighter
from rich.style import Style
from rich.text import Text
from textual import events
from textual.binding import BindingType
from textual.message import Message
from textual.suggester import SuggestionReady

from mediaindex.safe_text import UNSAFE
from mediaindex_tui import keys
from mediaindex_tui.messages import Span
from mediaindex_tui.orderly_input import OrderlyInput

LONGEST = 2000
"""Code points of a query; with ten thousand each key would take longer than a frame."""
_KINDS = {
    "phrase": Style(italic=True),
    "filter": Style(bold=True),
    "then": Style(bold=True),
    "word": Style.null(),
}
_PROBLEM = Style(underline=True)


class QueryHighlighter(Highlighter):
    """Marks what is more than a plain word, and underlines what could not be read."""

    def __init__(self) -> None:
        self.problems: tuple[Span, ...] = ()

    def highlight(self, text: Text) -> None:
        """Style the parts of a query."""
        if not text.plain:
            return
        from mediaindex.search.language.lexer import tokens  # late: the first frame has no query

        for token in tokens(text.plain):
            style = _KINDS[token.kind] + Style(dim=True) if token.negated else _KINDS[token.kind]
            if style:
                text.stylize(style, token.start, token.end)
        for problem in self.problems:
            text.stylize(_PROBLEM, problem.start, problem.end)


class QueryLine(OrderlyInput):
    """Where the cursor is at the start; every printable key is a part of the query."""

    BINDINGS: ClassVar[list[BindingType]] = keys.bindings("typing")

    class Overflowed(Message):
        """A text was longer than a query can be.

        Attributes:
            count: code points that were left out.
        """

        def __init__(self, count: int) -> None:
            super().__init__()
            self.count = count

    def __init__(self) -> None:
        self.query_highlighter = QueryHighlighter()
        super().__init__(id="query", compact=True, select_on_focus=False, highlighter=self.query_highlighter)
        self.cursor_blink = False  # a resting screen sends nothing
        self.ghost = ""
        self.offers: tuple[Span, ...] = ()
        self._completed = ""  # the query that these complete

    @property
    def caret(self) -> int:
        """Where the query is being typed, in code points."""
        return self.cursor_position

    def set_text(self, text: str) -> None:
        """Replace the query; the caret stands behind it."""
        self.value = text[:LONGEST]
        self.cursor_position = len(self.value)

    def select_text(self) -> None:
        """Select the query, so that typing replaces it."""
        self.select_all()

    def show_problems(self, problems: tuple[Span, ...]) -> None:
        """Underline the parts of the query that could not be read."""
        if problems != self.query_highlighter.problems:
            self.query_highlighter.problems = problems
            self.refresh()

    def show_completions(self, ghost: str, offers: tuple[Span, ...]) -> None:
        """Show what may follow the caret, where the caret stands at the end."""
        self.ghost, self.offers, self._completed = ghost, offers, self.value
        if ghost and self.cursor_at_end and self.value:
            self.post_message(SuggestionReady(self.value, self.value + ghost))

    def forget_completions(self) -> None:
        """The query changed: what was offered fits no more."""
        self.ghost, self.offers = "", ()
        self.query_highlighter.problems = ()

    @property
    def can_complete(self) -> bool:
        """Whether → takes something; not what was offered before a letter that nobody has heeded yet."""
        is_of_this = bool(self.value) and self.value == self._completed
        return is_of_this and self.cursor_at_end and bool(self.ghost or self.offers)

    def action_cursor_right(self, select: bool = False) -> None:
        """At the end take the completion: the letters behind the caret, else the first value offered."""
        if select or not self.can_complete:
            super().action_cursor_right(select)
        elif self.ghost:
            self.set_text(self.value + self.ghost)
        else:
            first = self.offers[0]
            self.set_text(self.value[: first.start] + first.text + self.value[first.end :])

    def _on_paste(self, event: events.Paste) -> None:
        """Take a paste on one line, and tell what did not fit."""
        event.stop()
        event.prevent_default()
        text = " ".join(UNSAFE.sub(" ", event.text).split())
        room = LONGEST - len(self.value) + len(self.selected_text)
        self.replace(text[:room], *sorted(self.selection))
        if len(text) > room:
            self.post_message(self.Overflowed(len(text) - room))

    async def _on_key(self, event: events.Key) -> None:
        if event.is_printable and len(self.value) >= LONGEST and self.selection.is_empty:
            event.stop()
            event.prevent_default()
            self.post_message(self.Overflowed(1))
            return
        if event.key.startswith("alt+") and event.is_printable:
            event.prevent_default()  # Alt and a letter is neither a command nor a part of the query
            event.stop()
            return
        await super()._on_key(event)


def completion_hint(ghost: str, offers: Iterable[Span]) -> str:
    """What → and the second line offer, in words; empty where nothing is offered."""
    if ghost:
        return f'→ takes "{ghost}"'
    texts = [offer.text.strip() for offer in offers][:6]
    return "→ " + " · ".join(texts) if texts else ""
