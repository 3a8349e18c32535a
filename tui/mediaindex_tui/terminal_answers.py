"""What a terminal answers when it is asked which pictures it shows.

Its answer comes through the keyboard, so it is asked by `doctor` alone, where no key is being read.
"""

from __future__ import annotations

import os
import re
import select
import time
from dataclasses import dataclass

ANSWER_SECONDS = 1.0
TERMINAL = "/dev/tty"
_QUESTIONS = b"\x1b_Gi=31,s=1,v=1,a=q,t=d,f=24;AAAA\x1b\\\x1b[c"
"""May it draw one pixel as kitty does; what is it (DA1). Every terminal answers the second, so that no answer
to the first need be waited for."""
_KITTY = re.compile(rb"\x1b_Gi=31;OK\x1b\\")
_ATTRIBUTES = re.compile(rb"\x1b\[\?([\d;]+)c")
_SIXEL = b"4"
"""The attribute of a terminal that draws sixels."""


@dataclass(frozen=True, slots=True)
class Answers:
    """What a terminal says that it can draw."""

    kitty: bool
    sixel: bool

    def __str__(self) -> str:
        able = [name for name, can in (("kitty pictures", self.kitty), ("sixels", self.sixel)) if can]
        return " and ".join(able) or "no pixels"


def ask_terminal(seconds: float = ANSWER_SECONDS) -> Answers | None:
    """What the terminal of this process answers; None where it has none, or none that answers in time."""
    try:
        import termios
        import tty

        terminal = os.open(TERMINAL, os.O_RDWR | os.O_NOCTTY)
    except (ImportError, OSError):
        return None
    try:
        before = termios.tcgetattr(terminal)
        try:
            tty.setcbreak(terminal)
            os.write(terminal, _QUESTIONS)
            said = _read(terminal, seconds)
        finally:
            termios.tcsetattr(terminal, termios.TCSAFLUSH, before)
    except (termios.error, OSError):
        return None
    finally:
        os.close(terminal)
    return answers_in(said)


def answers_in(said: bytes) -> Answers | None:
    """What stands in the bytes that a terminal wrote; None without its attributes."""
    attributes = _ATTRIBUTES.search(said)
    if attributes is None:
        return None
    return Answers(kitty=_KITTY.search(said) is not None, sixel=_SIXEL in attributes[1].split(b";")[1:])


def _read(terminal: int, seconds: float) -> bytes:
    """What it writes up to its attributes, or within some seconds."""
    said, end = b"", time.monotonic() + seconds
    while (left := end - time.monotonic()) > 0 and _ATTRIBUTES.search(said) is None:
        if select.select([terminal], [], [], left)[0]:
            said += os.read(terminal, 1024)
    return said
