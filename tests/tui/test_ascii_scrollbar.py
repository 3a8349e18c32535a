from __future__ import annotations

import pytest

from mediaindex_tui.ascii_scrollbar import AsciiScrollBar


@pytest.mark.parametrize(
    ("position", "drawn"), [(0, "###|||||||"), (70, "|||||||###"), (35, "|||###||||"), (31, "|||###||||")]
)
def test_the_thumb_stands_where_the_page_is(position: int, drawn: str) -> None:
    bar = AsciiScrollBar.render_bar(10, 100, 30, position)
    text = "".join(segment.text for segment in bar.segments)
    assert text.isascii()
    assert abs(text.index("#") - drawn.index("#")) <= 1
    assert set(text) == {"#", "|"}
    assert 3 <= text.count("#") <= 4
    assert len(text) == 10


def test_a_page_that_fits_has_no_thumb() -> None:
    assert {segment.text for segment in AsciiScrollBar.render_bar(10, 10, 10).segments} == {"|"}
