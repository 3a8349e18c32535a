"""Which pictures this terminal can show: asked of the environment, never of the terminal.

A terminal answers a question through its keyboard. A reply that comes late would be typed into the query, and
over a slow line every reply is late.
"""

from __future__ import annotations

import locale
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Literal

from mediaindex_tui.messages import Style

Images = Literal["auto", "quadrant", "half", "kitty", "sixel", "off"]
Cell = tuple[int, int]
USUAL_CELL: Cell = (10, 20)
"""Pixels of a cell where the terminal does not say: kitty fits a picture into its cells anyway."""
TRUE_COLOURS = 1 << 24
SIXEL_LIBRARY = "textual_image"

_KITTY = (("TERM", "xterm-kitty"), ("TERM", "xterm-ghostty"), ("TERM_PROGRAM", "ghostty"))
_SIXEL = (
    *(("TERM", "foot"), ("TERM", "foot-extra"), ("TERM", "mlterm")),
    *(("TERM_PROGRAM", "WezTerm"), ("TERM_PROGRAM", "iTerm.app"), ("TERM_PROGRAM", "mintty")),
)
_BETWEEN = ("TMUX", "STY", "ZELLIJ", "SSH_CONNECTION")
"""Of what stands between this process and the terminal: pixels are dropped there, or take too long."""


@dataclass(frozen=True, slots=True)
class Drawing:
    """How pictures are drawn.

    Attributes:
        listed: in the list and on the contact sheet. large: in the preview; both None for none.
        cell: pixels of a cell, across and down, where some are of pixels.
        lacks: why it is not what the user wished; empty where it is.
    """

    listed: Style | None
    large: Style | None
    cell: Cell = (0, 0)
    lacks: str = ""


@dataclass(frozen=True, slots=True)
class Terminal:
    """What is known of a terminal.

    Attributes:
        cell: pixels of a cell, None where it does not say. has_sixel_library: whether sixels can be made.
    """

    environment: Mapping[str, str]
    encoding: str
    cell: Cell | None = None
    has_sixel_library: bool = False

    @property
    def colours(self) -> int:
        """How many colours it has."""
        return colours_of(self.environment)

    @property
    def is_simple(self) -> bool:
        """Whether it has too few colours or characters for any picture."""
        few = self.colours < 256 or "NO_COLOR" in self.environment or self.environment.get("TERM") == "dumb"
        return few or not is_unicode(self.encoding)

    def draws(self, kind: Literal["kitty", "sixel"]) -> bool:
        """Whether its name is one of those that draw pictures in this way, with nothing in between."""
        if any(self.environment.get(name) for name in _BETWEEN):
            return False
        if kind == "kitty" and self.environment.get("KITTY_WINDOW_ID"):
            return True
        known = _KITTY if kind == "kitty" else _SIXEL
        return any(self.environment.get(name) == value for name, value in known)


def drawing(images: str, terminal: Terminal) -> Drawing:
    """How pictures are drawn on a terminal.

    Pictures of pixels scroll with their text in kitty alone; sixels are therefore for the preview.

    Args:
        images: what the user wished, of `Images`.
    """
    if images == "off" or (images == "auto" and terminal.is_simple):
        return Drawing(None, None)
    if images in ("quadrant", "half"):
        style: Style = "half" if images == "half" else "quadrant"
        return Drawing(style, style)
    if images == "kitty" or (images == "auto" and terminal.draws("kitty")):
        return _kitty(terminal, is_wished=images == "kitty")
    if images == "sixel" or (images == "auto" and terminal.draws("sixel")):
        return _sixel(terminal, is_wished=images == "sixel")
    return Drawing("quadrant", "quadrant")


def _kitty(terminal: Terminal, *, is_wished: bool) -> Drawing:
    if any(terminal.environment.get(name) for name in ("TMUX", "STY", "ZELLIJ")):
        return _less("a terminal within a terminal shows no pictures of kitty", is_wished=is_wished)
    if terminal.colours < TRUE_COLOURS and not terminal.draws("kitty"):
        return _less("pictures of kitty need all colours: COLORTERM=truecolor", is_wished=is_wished)
    return Drawing("kitty", "kitty", terminal.cell or USUAL_CELL)


def _sixel(terminal: Terminal, *, is_wished: bool) -> Drawing:
    if not terminal.has_sixel_library:
        return _less("sixels need an extra: pip install 'mediaindex[pictures]'", is_wished=is_wished)
    if terminal.cell is None:
        return _less(
            "sixels need to know how large a cell is, which this terminal does not say", is_wished=is_wished
        )
    return Drawing("quadrant", "sixel", terminal.cell)


def _less(lacks: str, *, is_wished: bool) -> Drawing:
    return Drawing("quadrant", "quadrant", lacks=lacks if is_wished else "")


def reason(images: str, terminal: Terminal) -> str:
    """Why pictures are drawn on a terminal as `drawing` says."""
    if images != "auto":
        return drawing(images, terminal).lacks or f"ui.images = {images}"
    if terminal.is_simple:
        term = terminal.environment.get("TERM", "")
        return f"{terminal.colours} colours, encoding {terminal.encoding}, TERM={term}"
    between = next((name for name in _BETWEEN if terminal.environment.get(name)), None)
    if between is not None:
        return f"{between} is set: pixels do not come through, or take too long"
    if terminal.draws("sixel"):
        return _sixel(terminal, is_wished=True).lacks or "its name is one of those that draw sixels"
    known = "is one" if terminal.draws("kitty") else "is none"
    return f"its name {known} of those that draw pixels"


def this_terminal(environment: Mapping[str, str]) -> Terminal:
    """The terminal of this process."""
    return Terminal(environment, terminal_encoding(), cell_pixels(), find_spec(SIXEL_LIBRARY) is not None)


def cell_pixels() -> Cell | None:
    """Pixels of a cell of this process's terminal, as its driver knows them; None where it does not."""
    try:
        import fcntl
        import struct
        import sys
        import termios

        found = fcntl.ioctl(sys.__stdout__.fileno(), termios.TIOCGWINSZ, bytes(8))  # type: ignore[union-attr]
    except (ImportError, OSError, ValueError, AttributeError):
        return None
    rows, columns, width, height = struct.unpack("HHHH", found)
    cell = (width // columns, height // rows) if rows and columns else (0, 0)
    return cell if min(cell) > 0 else None


def colours_of(environment: Mapping[str, str]) -> int:
    """How many colours a terminal has, as far as its environment tells."""
    term = environment.get("TERM", "")
    if environment.get("COLORTERM", "").lower() in ("truecolor", "24bit") or "direct" in term:
        return TRUE_COLOURS
    known = ("xterm-kitty", "xterm-ghostty", "foot", "alacritty", "wezterm")
    if term.endswith("256color") or term in known or environment.get("WT_SESSION"):
        return 256
    return 0 if term in ("dumb", "") else 16


def is_unicode(encoding: str) -> bool:
    """Whether block characters can be written in an encoding."""
    return encoding.lower().replace("-", "").replace("_", "") in ("utf8", "utf16", "utf32")


def terminal_encoding() -> str:
    """The encoding of this process's terminal."""
    return locale.getpreferredencoding(do_setlocale=False)
