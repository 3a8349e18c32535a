"""A gap between keyframes is divided evenly."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mediaindex.decode.backends.gap_filling import SLACK, GapFilling


@pytest.mark.parametrize(("gap", "fills"), [(3.0, 0), (3.4, 0), (3.5, 0), (3.6, 1), (6.8, 1), (7.1, 2)])
def test_parts_are_no_longer_than_allowed(gap: float, fills: int) -> None:
    filling = GapFilling(3.4)
    filling.begin(10.0)
    assert filling.divide(10.0 + gap, 3.4) == fills


def test_pictures_that_fill_lie_at_equal_distances() -> None:
    filling = GapFilling(3.4)
    filling.begin(0.0)
    assert filling.divide(9.0, 3.4) == 2
    taken = [tenth / 10 for tenth in range(1, 90) if filling.takes(tenth / 10)]
    assert taken[:2] == [3.0, 6.0]


def test_before_the_first_keyframe_there_is_no_end_to_what_may_fill() -> None:
    filling = GapFilling(3.4)
    assert filling.divide(5.0, 3.4) == math.inf
    assert not filling.takes(5.0)


def test_a_gap_without_a_known_end_is_filled_at_the_widest_distance() -> None:
    filling = GapFilling(1.0)
    filling.begin(2.0)
    filling.space(3.4)
    assert [filling.takes(seconds) for seconds in (5.3, 5.5, 8.7, 8.9)] == [False, True, False, True]
    assert filling.anchor_seconds == 8.9


@given(st.floats(0.01, 5000), st.floats(0.1, 60))
def test_no_part_is_longer_than_a_gap_and_its_slack(length: float, gap: float) -> None:
    filling = GapFilling(gap)
    filling.begin(0.0)
    fills = filling.divide(length, gap)
    assert length / (fills + 1) <= gap * (1 + SLACK) + 1e-6
