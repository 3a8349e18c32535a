from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from mediaindex_tui.cells import picture_strips
from mediaindex_tui.messages import GLYPHS


def test_a_block_becomes_rows_of_glyphs_and_colours() -> None:
    red_on_blue = bytes((255, 0, 0, 0, 0, 255))
    block = (
        bytes((1,))
        + red_on_blue
        + bytes((3,))
        + red_on_blue
        + bytes((15, 1, 2, 3, 4, 5, 6, 0, 1, 2, 3, 4, 5, 6))
    )
    first, second = picture_strips(block, 2, 2)
    assert first.text == GLYPHS[1] + GLYPHS[3]
    assert len(list(first)) == 1  # one colour, one segment
    style = next(iter(first)).style
    assert style is not None
    assert style.color is not None
    assert style.color.triplet == (255, 0, 0)
    assert style.bgcolor is not None
    assert style.bgcolor.triplet == (0, 0, 255)
    assert second.text == "█ "


@given(st.binary(max_size=200), st.integers(1, 20), st.integers(1, 6))
def test_any_bytes_become_a_block_of_its_size(block: bytes, columns: int, rows: int) -> None:
    strips = picture_strips(block, columns, rows)
    assert [strip.cell_length for strip in strips] == [columns] * rows
    assert all(len(strip.text) == columns for strip in strips)
