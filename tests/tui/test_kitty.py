"""Pictures of kitty: what is sent, and the characters that stand for it."""

from __future__ import annotations

import re
import unicodedata
from base64 import b64decode

from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from mediaindex_tui.kitty import (
    MARKS,
    MOST_CELLS,
    NUMBER_BYTES,
    PIECE,
    PLACEHOLDER,
    KittyPictures,
    forgotten,
    placeholder_strips,
    sent,
)
from mediaindex_tui.messages import Wanted
from mediaindex_tui.pictures_drawn import strips_of

MESSAGE = re.compile(r"\x1b_G([^;]*);([^\x1b]*)\x1b\\")
WANTED = Wanted(1, 2.0, 16, 5, "kitty", (10, 20))


def test_the_marks_are_those_of_the_protocol() -> None:
    """Combining characters above, which are part of no letter; the first and some of the others."""
    assert MARKS[:6] == "\u0305\u030d\u030e\u0310\u0312\u033d"
    assert (MOST_CELLS, MARKS[-1]) == (129, "\u082d")
    assert list(MARKS) == sorted(set(MARKS))
    for mark in MARKS:
        assert unicodedata.combining(mark) == 230
        assert not unicodedata.decomposition(mark)


@given(png=st.binary(max_size=3 * PIECE), columns=st.integers(1, 129), rows=st.integers(1, 129))
def test_a_picture_is_sent_in_pieces_and_asks_for_no_answer(png: bytes, columns: int, rows: int) -> None:
    text = sent(70_000, png, columns, rows)
    messages = MESSAGE.findall(text)
    assert "".join(f"\x1b_G{keys};{data}\x1b\\" for keys, data in messages) == text
    assert b64decode("".join(data for _, data in messages)) == png
    assert all(len(data) <= PIECE and len(data) % 4 == 0 for _, data in messages)
    first = dict(key.split("=") for key in messages[0][0].split(","))
    assert first.pop("m") == ("1" if len(messages) > 1 else "0")
    assert first == {
        "a": "T", "U": "1", "i": "70000", "c": str(columns), "r": str(rows), "f": "100", "q": "2",
    }  # fmt: skip
    assert [keys for keys, _ in messages[1:]] == ["m=1"] * (len(messages) - 2) + ["m=0"] * (len(messages) > 1)


@given(number=st.integers(1, (1 << 24) - 1), columns=st.integers(1, 129), rows=st.integers(1, 60))
def test_each_cell_names_its_picture_row_and_column(number: int, columns: int, rows: int) -> None:
    strips = placeholder_strips(number, columns, rows)
    assert len(strips) == rows
    for row, strip in enumerate(strips):
        assert strip.cell_length == cell_len(strip.text) == columns
        assert strip.text == "".join(PLACEHOLDER + MARKS[row] + MARKS[column] for column in range(columns))
        (segment,) = strip
        assert segment.style is not None
        assert segment.style.color is not None
        colour = segment.style.color.get_truecolor()
        assert (colour.red << 16) + (colour.green << 8) + colour.blue == number


def test_pictures_are_forgotten_once() -> None:
    written: list[str] = []
    pictures = KittyPictures(written.append)
    first, second = pictures.send(WANTED, b"one"), pictures.send(WANTED, b"two")
    assert first != second
    assert len(first) == NUMBER_BYTES
    pictures.forget(first)
    pictures.forget(first)
    pictures.forget(b"\x07" * 560)  # a picture of letters
    assert written[2:] == [forgotten(int.from_bytes(first, "big"))]
    pictures.forget_all()
    pictures.forget_all()
    assert written[3:] == [forgotten(int.from_bytes(second, "big"))]


def test_rows_of_a_picture_of_any_kind() -> None:
    number = (70_000).to_bytes(NUMBER_BYTES, "big")
    assert strips_of(WANTED, number) == placeholder_strips(70_000, 16, 5)
    for wanted, cells in ((WANTED, b""), (Wanted(1, 2.0, 16, 5, "sixel", (10, 20)), b"\x1bPq")):
        assert [strip.text for strip in strips_of(wanted, cells)] == [" " * 16] * 5
    letters = strips_of(Wanted(1, 2.0, 2, 1), bytes([3, 1, 2, 3, 4, 5, 6] * 2))
    assert [strip.text for strip in letters] == ["▀▀"]
