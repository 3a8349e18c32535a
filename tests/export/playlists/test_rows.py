"""A cut as a row, and text that no spreadsheet runs."""

from __future__ import annotations

import csv
import io
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mediaindex.export.playlists.rows import COLUMNS, cell, row_of
from tests.support.plain_cuts import plain_cut, plain_source


def test_a_row_has_every_column_in_its_order() -> None:
    film = plain_source("/film.mp4", Fraction(24000, 1001), 7200)
    row = row_of(plain_cut(film, 6000, 6480, "red", score=0.5))
    assert tuple(row) == COLUMNS
    assert list(row.values()) == [
        *("/film.mp4", 250.25, 270.27, 6000, 6480, "24000/1001"),
        *("00:04:10:00", "00:04:30:00", "red", "", 0.5),
    ]


def test_frames_of_a_rate_that_varies_are_those_of_the_film() -> None:
    row = row_of(plain_cut(plain_source(stamps=[0, 40, 80, 200, 240]), 3, 5))
    assert (row["in_frame"], row["out_frame"], row["start_seconds"], row["timecode_in"]) == (
        3,
        5,
        0.2,
        "00:00:00:05",
    )


@pytest.mark.parametrize("text", ["=1+2", "+1", "-1", "@x", "  =1"])
def test_formulas_become_text(text: str) -> None:
    assert cell(text).startswith("'")


@given(st.text(st.characters(), max_size=30))
def test_any_text_is_one_cell_of_one_line(text: str) -> None:
    line = io.StringIO(newline="")
    csv.writer(line).writerow([cell(text), "next"])
    line.seek(0)
    assert line.getvalue().encode().count(b"\n") == 1
    assert list(csv.reader(line)) == [[cell(text), "next"]]
