r"""Pictures in the protocol of the terminal kitty: sent once, then drawn as characters that stand for them.

    ESC _ G a=T,U=1,i=7,c=16,r=5,f=100,q=2,m=0 ; PNG in base64 ESC \

A cell of picture 7 is U+10EEEE in the colour 7, with the numbers of its row and column as marks above it.
So a picture scrolls, and is covered, as text is. With `q=2` the terminal answers nothing: an answer would be
typed into the query.

The protocol: https://sw.kovidgoyal.net/kitty/graphics-protocol/, "Unicode placeholders".
"""

from __future__ import annotations

import random
from base64 import b64encode
from collections.abc import Callable
from functools import lru_cache

from rich.color import Color
from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip

from mediaindex_tui.messages import Wanted

PLACEHOLDER = "\U0010eeee"
_MARKS = """
0305 030D-030E 0310 0312 033D-033F 0346 034A-034C 0350-0352 0357 035B 0363-036F 0483-0487 0592-0595 0597-0599
059C-05A1 05A8-05A9 05AB-05AC 05AF 05C4 0610-0617 0657-065B 065D-065E 06D6-06DC 06DF-06E2 06E4 06E7-06E8
06EB-06EC 0730 0732-0733 0735-0736 073A 073D 073F-0741 0743 0745 0747 0749-074A 07EB-07F1 07F3 0816-0819
081B-0823 0825-0827 0829-082D
"""
MARKS = "".join(
    chr(code)
    for first, _, last in (part.partition("-") for part in _MARKS.split())
    for code in range(int(first, 16), int(last or first, 16) + 1)
)
"""The marks that stand for 0, 1, 2, …"""
MOST_CELLS = len(MARKS)
"""So many cells a side of a picture may have."""
PIECE = 4096
"""Characters of base64 in one message."""
NUMBER_BYTES = 3
"""A picture's number is a colour."""


def sent(number: int, png: bytes, columns: int, rows: int) -> str:
    """The messages that give a picture to the terminal, to be fitted into so many cells."""
    data = b64encode(png).decode()
    pieces = [data[start : start + PIECE] for start in range(0, len(data), PIECE)] or [""]
    first = f"a=T,U=1,i={number},c={columns},r={rows},f=100,q=2,"
    return "".join(
        f"\x1b_G{'' if place else first}m={int(place < len(pieces) - 1)};{piece}\x1b\\"
        for place, piece in enumerate(pieces)
    )


def forgotten(number: int) -> str:
    """The message by which the terminal forgets a picture."""
    return f"\x1b_Ga=d,d=I,i={number},q=2\x1b\\"


@lru_cache(maxsize=512)
def placeholder_strips(number: int, columns: int, rows: int) -> tuple[Strip, ...]:
    """`rows` strips of `columns` cells, which show a picture that was sent."""
    style = Style(color=Color.from_rgb(*number.to_bytes(NUMBER_BYTES, "big")))
    return tuple(
        Strip(
            [Segment("".join(PLACEHOLDER + MARKS[row] + MARKS[column] for column in range(columns)), style)],
            columns,
        )
        for row in range(rows)
    )


class KittyPictures:
    """The pictures that the terminal holds for this session.

    Args:
        write: sends text to the terminal as it is.
    """

    def __init__(self, write: Callable[[str], None]) -> None:
        self._write = write
        # Another program in this window may have sent pictures too; a number that is taken is lost to it.
        self._next = random.randrange(1 << 16, 1 << 23)
        self._held: set[int] = set()

    def send(self, wanted: Wanted, png: bytes) -> bytes:
        """Give a picture to the terminal; its number, as bytes."""
        number, self._next = self._next, self._next % ((1 << 24) - 1) + 1
        self._write(sent(number, png, wanted.columns, wanted.rows))
        self._held.add(number)
        return number.to_bytes(NUMBER_BYTES, "big")

    def forget(self, number: bytes) -> None:
        """Let the terminal forget a picture; what names none is passed over."""
        known = int.from_bytes(number, "big") if len(number) == NUMBER_BYTES else 0
        if known in self._held:
            self._held.discard(known)
            self._write(forgotten(known))

    def forget_all(self) -> None:
        """Let the terminal forget all of them."""
        for number in self._held:
            self._write(forgotten(number))
        self._held.clear()
