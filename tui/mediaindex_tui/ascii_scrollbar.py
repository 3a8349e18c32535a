"""A scrollbar of ASCII, for a terminal that has no more."""

from __future__ import annotations

from rich.color import Color
from rich.segment import Segment, Segments
from rich.style import Style
from textual.scrollbar import ScrollBarRender
from textual.widget import Widget

THUMB, TRACK = "#", "|"


class AsciiScrollBar(ScrollBarRender):
    """Textual's bar with characters in place of colours alone."""

    VERTICAL_BARS = HORIZONTAL_BARS = [" "] * 8

    @classmethod
    def render_bar(
        cls,
        size: int = 25,
        virtual_size: float = 50,
        window_size: float = 20,
        position: float = 0,
        thickness: int = 1,
        vertical: bool = True,
        back_color: Color = Color.parse("default"),  # noqa: B008  as it is above
        bar_color: Color = Color.parse("default"),  # noqa: B008
    ) -> Segments:
        """The bar; what stands reversed is its thumb."""
        bar = super().render_bar(
            size, virtual_size, window_size, position, thickness, vertical, back_color, bar_color
        )
        return Segments([_drawn(segment) for segment in bar.segments], new_lines=bar.new_lines)


def _drawn(segment: Segment) -> Segment:
    text, style, _ = segment
    if not text.strip(" ") and text and style is not None:
        mark = THUMB if style.reverse else TRACK
        return Segment(mark * len(text), Style(meta=style.meta))
    return segment


def use_ascii(widget: Widget) -> None:
    """Let a widget have such a scrollbar."""
    widget.vertical_scrollbar.renderer = AsciiScrollBar  # type: ignore[misc]
