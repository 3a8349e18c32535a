"""Text made harmless for a terminal and storable in SQLite; times as people write them."""

from __future__ import annotations

import logging
import os
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mediaindex.safe_text import (
    PrintableFormatter,
    counted,
    format_seconds,
    parsed_seconds,
    printable,
    printable_lines,
    storable,
)


def test_one_is_no_plural() -> None:
    assert [counted(number, "caption") for number in (0, 1, 2)] == ["0 captions", "1 caption", "2 captions"]
    assert counted(1, "search", "searches") == "1 search"
    assert counted(12, "search", "searches") == "12 searches"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Café 猫 🎥 עברית.mp4", "Café 猫 🎥 עברית.mp4"),
        ("👨‍👩‍👧", "👨‍👩‍👧"),
        ("two\nlines\ttab\r", r"two\nlines\ttab\r"),
        ("\x1b[31mred\x1b]0;title\x07", r"\x1b[31mred\x1b]0;title\x07"),
        ("\x9b31m", r"\x9b31m"),
        ("exe\u202e4pm.", r"exe\u202e4pm."),
        (os.fsdecode(b"caf\xe9.mp4"), r"caf\xe9.mp4"),
        ("\ud800\u2028", r"\ud800\u2028"),
        ("back\\slash", "back\\slash"),
    ],
)
def test_what_steers_a_terminal_is_shown_as_an_escape(text: str, shown: str) -> None:
    assert printable(text) == shown


@given(st.text(st.characters(exclude_categories=[])))
def test_any_text_becomes_one_encodable_line_and_stays_so(text: str) -> None:
    shown = printable(text)
    assert len(shown.encode().decode().splitlines()) <= 1
    assert "\x1b" not in shown
    assert printable(shown) == shown


@given(st.text(st.characters(codec="utf-8", categories=["L", "N", "P", "S", "Zs"])))
def test_harmless_text_stays(text: str) -> None:
    assert printable(text) == text


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [
        (0, "0:00"),
        (0.04, "0:00"),
        (-0.04, "0:00"),
        (0.25, "0:00.2"),
        (9.96, "0:10"),
        (59.97, "1:00"),
        (62, "1:02"),
        (3599.96, "1:00:00"),
        (3723.4, "1:02:03.4"),
        (360_000, "100:00:00"),
        (-1.5, "-0:01.5"),
    ],
)
def test_times_are_written_for_people(seconds: float, shown: str) -> None:
    assert format_seconds(seconds) == shown


@given(st.floats(min_value=0, max_value=1e7))
def test_a_written_time_reads_back_within_a_twentieth(seconds: float) -> None:
    total = 0.0
    for part in format_seconds(seconds).split(":"):
        total = total * 60 + float(part)
    assert abs(total - seconds) <= 0.0501


@given(st.integers(0, 10**7))
def test_a_time_is_read_as_it_is_written(tenths: int) -> None:
    assert parsed_seconds(format_seconds(tenths / 10)) == pytest.approx(tenths / 10)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("75", 75.0),
        ("75,5", 75.5),
        ("1:15.25", 75.25),
        ("0:01:15", 75.0),
        ("90:00", 5400.0),
        ("1:99", None),
        ("1:2:3:4", None),
        ("-1", None),
        ("", None),
        ("٣", None),
    ],
)
def test_a_time_that_a_person_wrote(text: str, seconds: float | None) -> None:
    assert parsed_seconds(text) == seconds


def test_bytes_that_are_no_text_are_escaped() -> None:
    assert storable("caf\udce9 \ud800") == "caf\\udce9 \\ud800"


@given(st.text(st.characters(exclude_categories=[])))
def test_what_is_stored_once_is_stored_the_same_again(text: str) -> None:
    storable(text).encode("utf-8")
    assert storable(storable(text)) == storable(text)


def test_lines_stay_and_what_is_in_them_is_escaped() -> None:
    assert printable_lines("one\n\ttwo\x1b[31m\n") == "one\n\\ttwo\\x1b[31m\n"


def test_a_log_record_is_harmless_with_its_traceback() -> None:
    try:
        raise ValueError("film\x1b[31m.mp4")
    except ValueError:
        record = logging.LogRecord("x", logging.ERROR, "f", 1, "read %s", ("a\rb",), sys.exc_info())
    shown = PrintableFormatter("%(message)s").format(record)
    assert shown.startswith("read a\\rb\nTraceback")
    assert "\x1b" not in shown
    assert "film\\x1b[31m.mp4" in shown
