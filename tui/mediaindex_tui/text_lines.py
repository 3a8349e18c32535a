"""Lines of styled text, drawn as they are: no markup, no wrapping, each cut at the edge."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from rich.cells import cell_len
from textual.strip import Strip

from mediaindex_tui.drawn import Drawn
from mediaindex_tui.rows import text_strip
from mediaindex_tui.shown_text import cut

Part = tuple[str, str]
"""A text that a terminal can show, and the name of a style of `Look`."""
TextLine = Sequence[Part]


def keys_line(*keys: tuple[str, str]) -> TextLine:
    """(key, what it does) of each, as the foot of a screen."""
    return [(" ", "text"), *(part for key, does in keys for part in ((key, "strong"), (f" {does}  ", "dim")))]


def wrapped(line: TextLine, cells: int, indent: int = 0) -> list[TextLine]:
    """A line on as many as it needs, broken at blanks where that can be; further ones are indented."""
    lines: list[list[Part]] = [[]]
    room = cells
    for text, style in line:
        for word in re.findall(r"\s*\S+|\s+$", text):
            if cell_len(word) > room and lines[-1]:
                lines.append([(" " * indent, style)])
                room = cells - indent
                word = word.lstrip()
            lines[-1].append((word, style))
            room -= cell_len(word)
    return list(lines)


def fitted(line: TextLine, cells: int) -> TextLine:
    """A line whose last text, a path or a name, is cut in its middle where it would not fit."""
    if not line:
        return line
    *before, (last, style) = line
    room = cells - sum(cell_len(text) for text, _ in before)
    return [*before, (cut(last, max(0, room)), style)]


def spread(line: TextLine, last: Part, cells: int) -> TextLine:
    """A line with something at its right end; the text before that is cut in its middle where it must be."""
    text, _ = last
    if not text:
        return fitted(line, cells)
    left = fitted(line, max(0, cells - cell_len(text) - 2))
    gap = max(2, cells - sum(cell_len(part) for part, _ in left) - cell_len(text))
    return [*left, (" " * gap, "text"), last]


class TextLines(Drawn):
    """A few lines of text; drawn again only when they change."""

    def __init__(self, **names: Any) -> None:
        super().__init__(**names)
        self.lines: list[TextLine] = []

    def show(self, *lines: TextLine) -> None:
        """Show these lines in place of those before."""
        new: list[TextLine] = [tuple(line) for line in lines]
        if new != self.lines:
            self.lines = new
            self.refresh(layout=self.styles.auto_dimensions)

    @property
    def text(self) -> str:
        """What is shown, without its styles."""
        return "\n".join("".join(text for text, _ in line) for line in self.lines)

    def get_content_height(self, container: Any, viewport: Any, width: int) -> int:
        """As many rows as lines."""
        return len(self.lines)

    def render_line(self, y: int) -> Strip:
        """One row."""
        line = self.lines[y] if y < len(self.lines) else ()
        look = self.look
        parts = [(look.glyphs.text(text), getattr(look, style)) for text, style in line]
        return text_strip(parts, self.size.width).apply_style(self.base)
