"""How things look on this terminal: styles by meaning, and the glyphs that it can draw."""

from __future__ import annotations

from dataclasses import dataclass, field

from rich.style import Style

_PLAIN = str.maketrans(
    {
        "·": ".",
        "–": "-",
        "…": "~",
        "×": "x",
        "●": "*",
        "↑": "Up",
        "↓": "Down",
        "←": "Left",
        "→": "Right",
    }
)


@dataclass(frozen=True, slots=True)
class Glyphs:
    """The characters that stand for things; every meaning has one, since colour alone has none."""

    cursor: str = "▌"
    right: str = "●"
    wrong: str = "×"
    offline: str = "◌"
    held: str = "!"
    full: str = "▆"
    empty: str = "▁"
    steps: str = "▁▂▃▄▅▆▇█"
    rule: str = "─"
    opening: str = "╶"
    cut: str = "╵"
    here: str = "▲"
    done: str = "✓"
    typing: str = "❯"
    ellipsis: str = "…"
    dot: str = "·"
    is_ascii: bool = False

    def text(self, text: str) -> str:
        """A text with words and signs in place of what this terminal cannot draw; it may become longer."""
        return text.translate(_PLAIN) if self.is_ascii else text


ASCII = Glyphs(
    cursor=">", right="*", wrong="x", offline="o", held="!", full="#", empty=".", steps=".:-=+*#%@",
    rule="-", opening="-", cut="'", here="^", done="*", typing=">", ellipsis="~", dot=".", is_ascii=True,
)  # fmt: skip
"""For a terminal of 16 colours or of another encoding than UTF-8."""


@dataclass(frozen=True, slots=True)
class Look:
    """Styles by meaning; the empty ones are the terminal's own."""

    text: Style = field(default_factory=Style.null)
    dim: Style = field(default_factory=Style.null)
    strong: Style = field(default_factory=Style.null)
    accent: Style = field(default_factory=Style.null)
    cursor: Style = field(default_factory=Style.null)
    right: Style = field(default_factory=Style.null)
    wrong: Style = field(default_factory=Style.null)
    glyphs: Glyphs = field(default_factory=Glyphs)
