"""The keys, made from their table; what is typed filters them."""

from __future__ import annotations

from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, VerticalScroll
from textual.screen import ModalScreen
from textual.widgets import Input

from mediaindex_tui.ascii_scrollbar import use_ascii
from mediaindex_tui.keys import ACTIONS, STATES, TITLES, Keymap, shown_keys
from mediaindex_tui.orderly_input import OrderlyInput
from mediaindex_tui.shown_text import fit
from mediaindex_tui.text_lines import TextLine, TextLines, keys_line, wrapped

EDITING = (
    ("letters", "are the query: nothing has to be chosen before"),
    ("→ at end", "take the completion"),
    ("^A ^E ^W ^U ^K", "start, end, delete a word, to the start, to the end"),
)
"""What Textual's input does with keys of its own."""
KEYS_WIDTH = 18
QUERY = (
    '"exact words"  -not  in:folder  camera:canon  longer:2m  shorter:1h  on:2024',
    "after:2024-05  before:yesterday  by:words  by:pictures  is:online  is:marked",
    "A then B: B within 60 s after A; A then:10s B: within 10 s",
)


class FilterInput(OrderlyInput):
    """The line that filters; ^C leaves from here too."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("ctrl+c", "app.leave", show=False)]

    def __init__(self) -> None:
        super().__init__(id="help-filter", compact=True, placeholder="type to filter", select_on_focus=False)
        self.cursor_blink = False


class HelpScreen(ModalScreen[None], inherit_bindings=False):
    """The keys of every state, and the query language."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,f1", "close", show=False),
        Binding("down", "scroll(1)", show=False),
        Binding("up", "scroll(-1)", show=False),
        Binding("pagedown", "scroll(10)", show=False),
        Binding("pageup", "scroll(-10)", show=False),
        Binding("ctrl+q,ctrl+c", "app.leave", show=False),
    ]
    AUTO_FOCUS = "#help-filter"

    def __init__(self, keys: Keymap) -> None:
        super().__init__()
        self.keys = keys

    def compose(self) -> ComposeResult:
        """A line that filters, the keys, how to close."""
        with Horizontal(id="help-row"):
            yield TextLines(id="help-title")
            yield FilterInput()
        with VerticalScroll(id="help-page", can_focus=False):
            yield TextLines(id="help-text")
        yield TextLines(id="help-foot")

    def on_mount(self) -> None:
        """Show all."""
        if getattr(self.app, "is_ascii", False):
            use_ascii(self.query_one("#help-page"))
        self.query_one("#help-title", TextLines).show([(" Help  ", "strong")])
        foot = keys_line(("Esc", "back"), ("↑ ↓", "scroll"), ("letters", "filter"))
        self.query_one("#help-foot", TextLines).show(foot)
        self._show("")

    @on(Input.Changed)
    def _filter(self, event: Input.Changed) -> None:
        self._show(event.value)

    def on_resize(self) -> None:
        """Another length of line fits."""
        self._show(self.query_one("#help-filter", Input).value)

    def action_close(self) -> None:
        """Back to the screen below."""
        self.dismiss()

    def action_scroll(self, rows: int) -> None:
        """Move the page."""
        self.query_one("#help-page").scroll_relative(y=rows, animate=False)

    def _show(self, wanted: str) -> None:
        cells = self.size.width - 2  # beside the scrollbar
        shown_lines = self.query_one("#help-text", TextLines)
        drawn = shown_lines.look.glyphs.text
        lines = [[(drawn(text), style) for text, style in line] for line in help_lines(self.keys, wanted)]
        shown_lines.show(*(row for line in lines for row in wrapped(line, cells, KEYS_WIDTH + 2)))
        self.query_one("#help-page").scroll_home(animate=False)


def help_lines(keys: Keymap, wanted: str = "") -> list[TextLine]:
    """A heading for each state and its keys; only lines that have every word of `wanted`."""
    lines: list[TextLine] = []
    for state in STATES:
        rows = [
            (shown_keys(keys.keys[state, action.name]), action.help)
            for action in ACTIONS
            if (state, action.name) in keys.keys and not action.name.startswith("row_")
        ]
        if state == "typing":
            rows += EDITING
        if state == "browsing":
            rows.append(("1 … 9", "moment on that row of the screen"))
        lines += _section(TITLES[state], rows, wanted)
    palette = [(action.palette or "", action.help) for action in ACTIONS if not action.keys]
    lines += _section("Only in the palette (^P)", palette, wanted)
    lines += _section("Query", [(text, "") for text in QUERY], wanted)
    return [
        *lines,
        [(" Every key can be changed in [ui.keys] of the settings; docs/tui.md has the names", "dim")],
    ]


def _section(title: str, rows: list[tuple[str, str]], wanted: str) -> list[TextLine]:
    words = wanted.casefold().split()
    fitting = [row for row in rows if all(word in " ".join(row).casefold() for word in words)]
    if not fitting:
        return []
    return [
        [(f" {title}", "strong")],
        *(
            [(" " + (fit(keys, KEYS_WIDTH) if text else keys) + " ", "accent"), (text, "text")]
            for keys, text in fitting
        ),
        [],
    ]
