from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mediaindex_tui.list_layout import VIEWS, Layout, View
from mediaindex_tui.moments import Group

COUNTS = st.lists(st.integers(1, 4), max_size=30)


def groups_of(counts: list[int]) -> list[Group]:
    return [Group(sum(counts[:place]), count) for place, count in enumerate(counts)]


@pytest.mark.parametrize("view", VIEWS)
@given(counts=COUNTS, width=st.integers(20, 130))
def test_every_line_is_of_one_thing_and_every_moment_is_where_it_says(
    view: View, counts: list[int], width: int
) -> None:
    layout = Layout(view, groups_of(counts), width)
    spots = [layout.at(line) for line in range(layout.height)]
    assert all(spot is not None for spot in spots)
    assert layout.at(layout.height) is None
    assert layout.at(-1) is None
    for place in range(sum(counts)):
        top = layout.top(place)
        for row in range(layout.rows):
            spot = layout.at(top + row)
            assert spot is not None
            assert spot.first <= place < spot.last
            assert spot.row == row
    assert [spot.heading.first for spot in spots if spot and spot.heading] == (
        [] if view == "grid" else [group.first for group in groups_of(counts) if group.count > 1]
    )


def test_places_between_two_lines() -> None:
    layout = Layout("lines", groups_of([3, 2]), 80)
    assert list(layout.places(0, 4)) == [0, 1, 2]
    assert list(layout.places(3, 6)) == [2, 3]
    assert list(layout.places(0, 99)) == [0, 1, 2, 3, 4]
    assert list(Layout("lines", [], 80).places(0, 5)) == []
    assert layout.top_with_heading(3) == layout.top(3) - 1
    assert layout.top_with_heading(1) == layout.top(1)
