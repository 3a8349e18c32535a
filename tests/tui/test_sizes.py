from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mediaindex_tui.contact_sheet import ROW
from mediaindex_tui.sizes import OTHER_ROWS, Side, fitting_view, is_roomy, lacking, list_rows, side_of

NEAR: dict[str, Any] = {"is_far": False, "is_zoomed": False, "has_pictures": True}


@pytest.mark.parametrize(
    ("size", "side"),
    [((80, 24), Side(33, 9, 6, has_sheet=False)), ((120, 40), Side(55, 14, 4, has_sheet=True))],
)
def test_the_side(size: tuple[int, int], side: Side) -> None:
    assert side_of(*size, **NEAR) == side


def test_at_the_end_of_a_line_the_preview_stays_small() -> None:
    assert side_of(200, 60, **{**NEAR, "is_far": True}) == Side(33, 9, 42, has_sheet=False)


def test_without_pictures_there_are_facts_alone() -> None:
    assert side_of(120, 40, **{**NEAR, "has_pictures": False}) == Side(55, 0, 31, has_sheet=False)


@given(st.integers(80, 300), st.integers(24, 100), st.booleans(), st.booleans(), st.booleans())
def test_all_parts_fit(width: int, height: int, is_far: bool, is_zoomed: bool, has_pictures: bool) -> None:
    side = side_of(width, height, is_far=is_far, is_zoomed=is_zoomed, has_pictures=has_pictures)
    sheet = 1 + ROW if side.has_sheet else 0
    assert side.preview + sheet + 1 + side.facts <= max(height - OTHER_ROWS, 7)
    assert side.width <= width - 30


def test_parts_go_one_after_the_other() -> None:
    went = [sum(lacking(*size).values()) for size in ((80, 24), (79, 24), (59, 24), (59, 12), (39, 12))]
    assert went == [0, 1, 2, 3, 4]
    assert is_roomy(100, 30)
    assert not is_roomy(99, 30)


def test_a_view_needs_room_for_a_whole_moment() -> None:
    assert [list_rows(80, height) for height in (8, 12, 13, 17, 18, 24)] == [6, 10, 9, 13, 10, 16]
    assert [fitting_view("cards", rows) for rows in (5, 6)] == ["lines", "cards"]
    assert [fitting_view("grid", rows) for rows in (8, 9)] == ["lines", "grid"]
    assert fitting_view("lines", 0) == "lines"
