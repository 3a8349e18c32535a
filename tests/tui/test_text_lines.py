from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from mediaindex_tui.text_lines import fitted, spread, wrapped


def text(lines: list[list[tuple[str, str]]]) -> list[str]:
    return ["".join(part for part, _ in line) for line in lines]


def test_lines_break_at_blanks_and_keep_their_styles() -> None:
    lines = [list(line) for line in wrapped([("off: ", "text"), ("no proof of a gain", "dim")], 12, 2)]
    assert text(lines) == ["off: no", "  proof of a", "  gain"]
    assert lines[1][1] == ("proof", "dim")


@given(st.lists(st.text("ab ", max_size=20), max_size=4), st.integers(3, 30))
def test_no_letter_is_lost(texts: list[str], cells: int) -> None:
    lines = [list(line) for line in wrapped([(one, "text") for one in texts], cells)]
    assert "".join(text(lines)).replace(" ", "") == "".join(texts).replace(" ", "")


def test_the_last_text_is_cut_in_its_middle() -> None:
    assert fitted([("told ", "dim"), ("/home/ann/Videos", "text")], 14) == [
        ("told ", "dim"),
        ("/ho…ideos", "text"),
    ]
    assert fitted([], 14) == []
    assert fitted([("told ", "dim"), ("x", "text")], 3) == [("told ", "dim"), ("", "text")]


@given(st.text("ab", min_size=1, max_size=30), st.text("c", max_size=8), st.integers(12, 40))
def test_something_stands_at_the_right_end(left: str, right: str, cells: int) -> None:
    line = spread([("> ", "dim"), (left, "text")], (right, "dim"), cells)
    (whole,) = text([list(line)])
    assert len(whole) <= cells
    assert whole.startswith("> ")
    if right:
        assert whole.endswith("  " + right)
        assert len(whole) == cells
