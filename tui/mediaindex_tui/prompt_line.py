"""One line that asks, in the place of the second line: a caption, a name. Enter keeps, Esc drops."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.message import Message

from mediaindex_tui.orderly_input import OrderlyInput
from mediaindex_tui.shown_text import shown
from mediaindex_tui.text_lines import TextLines

LONGEST = 2000


class PromptInput(OrderlyInput):
    """An input whose Esc closes, whose ↓ takes what is offered, and whose Tab turns to another way."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "screen.back", show=False),
        Binding("down", "screen.next", show=False),
        Binding("tab", "turn", show=False),
        Binding("ctrl+c", "app.leave", show=False),
    ]

    class Turned(Message):
        """Another way of what is asked is wanted."""

    def action_turn(self) -> None:
        """Want another way."""
        self.post_message(self.Turned())


class PromptLine(Horizontal):
    """A label and an input; closed until something asks."""

    def __init__(self) -> None:
        super().__init__(id="prompt")
        self.display = False
        self.label = TextLines(id="prompt-label")
        self.input = PromptInput(id="prompt-input", compact=True, max_length=LONGEST, select_on_focus=False)
        self.input.cursor_blink = False
        self.keep: Callable[[str], None] = lambda _text: None
        self.turn: Callable[[str], tuple[str, str]] | None = None
        self.offers: tuple[str, ...] = ()

    def compose(self) -> ComposeResult:
        """The label before the input."""
        yield self.label
        yield self.input

    @property
    def is_open(self) -> bool:
        """Whether it asks now."""
        return bool(self.display)

    @property
    def keys(self) -> tuple[tuple[str, str], ...]:
        """(key, what it does) of those that work here."""
        return (
            ("Enter", "keep"),
            *([("↓", "take what is offered")] if self.offers else []),
            *([("Tab", "next format")] if self.turn is not None else []),
            ("Esc", "drop"),
        )

    def open(
        self,
        label: str,
        keep: Callable[[str], None],
        *,
        text: str = "",
        offers: Sequence[str] = (),
        turn: Callable[[str], tuple[str, str]] | None = None,
    ) -> None:
        """Ask.

        Args:
            keep: gets what is written, if it is kept.
            turn: makes of what is written another label and text; None where there is but one way.
        """
        self.keep, self.offers, self.turn = keep, tuple(offers), turn
        self._ask(label, text)
        self._draw_offer()
        self.display = True
        self.input.focus()

    def _ask(self, label: str, text: str) -> None:
        self.label.show([(f"  {label} ", "accent")])
        self.label.styles.width = len(label) + 3
        self.input.value = text
        self.input.cursor_position = len(text)

    def on_prompt_input_turned(self) -> None:
        """Ask in another way."""
        if self.turn is not None:
            self._ask(*self.turn(self.input.value))

    def offer_too(self, texts: Sequence[str]) -> None:
        """Offer further texts, behind those that are offered."""
        self.offers = tuple(dict.fromkeys((*self.offers, *texts)))
        self._draw_offer()

    def _draw_offer(self) -> None:
        offer = f"↓ {shown(self.offers[0])}" if self.offers else ""
        self.input.placeholder = self.label.look.glyphs.text(offer)

    def offer(self) -> None:
        """Take the next text that is offered."""
        if self.offers:
            self.input.value, self.offers = self.offers[0], (*self.offers[1:], self.offers[0])
            self.input.cursor_position = len(self.input.value)

    def close(self) -> None:
        """Ask no more."""
        self.display = False

    def on_input_submitted(self, event: OrderlyInput.Submitted) -> None:
        """Keep what is written."""
        event.stop()
        text = event.value.strip()
        self.close()
        if text:
            self.keep(text)
