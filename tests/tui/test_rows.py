from __future__ import annotations

import unicodedata
from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from textual.strip import Strip

from mediaindex_tui.cells import picture_strips
from mediaindex_tui.look import ASCII, Look
from mediaindex_tui.messages import Wanted, WordFound
from mediaindex_tui.rows import CARD_PICTURE, TILE_HEIGHT, TILE_WIDTH, Shown, card, heading, line, tile
from tests.support.fake_finder import MOMENTS, moment, picture_cells

LOOK = Look()
NAMES = st.text(st.characters(codec=None), max_size=300)


def is_safe(strip: Strip, width: int) -> bool:
    text = strip.text
    text.encode()
    measured = Strip(list(strip)).cell_length
    return measured == width and not any(unicodedata.category(one) in ("Cc", "Cs") for one in text)


@given(
    NAMES,
    NAMES,
    st.integers(12, 120),
    st.booleans(),
    st.booleans(),
    st.sampled_from(["right", "wrong", None]),
)
def test_any_name_keeps_the_width_and_reaches_no_terminal_raw(
    name: str, word: str, width: int, has_cursor: bool, is_alone: bool, mark: Literal["right", "wrong"] | None
) -> None:
    hostile = moment(1, 1, 4.0, name=name, absence=name, words=(WordFound(word, name),))
    shown = Shown(hostile, 12, 3, mark, has_cursor, is_alone=is_alone)
    assert is_safe(heading(hostile, 3, width, LOOK), width)
    assert is_safe(line(shown, width, LOOK), width)
    assert all(is_safe(row, TILE_WIDTH) for row in tile(shown, (), LOOK))
    if width > CARD_PICTURE[0] + 4:
        assert all(is_safe(row, width) for row in card(shown, (), width, LOOK))


def test_a_heading_has_the_name_last() -> None:
    assert heading(MOMENTS[0], 3, 47, LOOK).text == "╶─ 21 s · 3 ─ Holiday 2024/beach_walk.mp4      "
    assert heading(MOMENTS[4], 1, 40, LOOK).text == "╶─ 1:02:10 · 1 ─ ◌ archive/sea_2019.mov "


def test_a_line() -> None:
    assert line(Shown(MOMENTS[0], 1, 4, None, True), 47, LOOK).text == (
        "▌ 1   0:04–0:08   likely ▆▆▆▆▁ pictures + words"
    )
    assert (
        line(Shown(MOMENTS[3], 12, 2, "right"), 40, LOOK).text == " 12 ● 0:00–0:04   maybe  ▆▆▁▁▁ pictures "
    )
    assert "Backup-2 is not" in line(Shown(MOMENTS[4], 1, 1), 47, LOOK).text


def test_a_moment_that_stands_alone_has_its_name_on_its_line() -> None:
    alone = Shown(MOMENTS[0], 1, 4, None, True, is_alone=True)
    assert line(alone, 47, LOOK).text == "▌ 1   0:04–0:08   likely ▆▆▆▆▁ beach_walk.mp4  "
    assert line(Shown(MOMENTS[4], 5, 1, is_alone=True), 47, LOOK).text.endswith("◌ sea_2019.mov  ")
    assert "0:04–0:08  beach_walk.mp4" in card(alone, (), 64, LOOK)[0].text


def test_a_line_of_a_simple_terminal() -> None:
    text = line(Shown(MOMENTS[0], 1, 4, "wrong", True), 47, Look(glyphs=ASCII)).text
    assert text.startswith("> 1 x 0:04")
    assert "####." in text


def test_a_card_says_why() -> None:
    rows = [row.text for row in card(Shown(MOMENTS[0], 1, 4, None, True), (), 64, LOOK)]
    assert len(rows) == CARD_PICTURE[1]
    assert "similarity .39 · generated .71" in rows[2]
    assert "dog in name · was 2 by pictures" in rows[3]
    assert all(row.startswith("▌") for row in rows)
    assert "Backup-2 is not plugged in" in card(Shown(MOMENTS[4], 1, 1), (), 64, LOOK)[3].text


@pytest.mark.parametrize("has_picture", [True, False])
def test_a_tile_has_its_name_below(has_picture: bool) -> None:
    wanted = Wanted(1, 6.0, 24, 7)
    picture = picture_strips(picture_cells(wanted), 24, 7) if has_picture else ()
    rows = [row.text for row in tile(Shown(MOMENTS[0], 1, 4), picture, LOOK)]
    assert len(rows) == TILE_HEIGHT
    assert rows[-1] == "  1 likely 0:04 bea…_walk "
    assert bool(rows[0].strip()) is has_picture
