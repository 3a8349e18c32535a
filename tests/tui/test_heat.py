from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mediaindex_tui.heat import bars, column_of, columns_of, next_of, second_of
from mediaindex_tui.messages import Strip, WantStrip
from tests.support.fake_finder import strip

STEPS = "▁▂▃▄▅▆▇█"


def test_a_strip_shows_its_peaks() -> None:
    columns = columns_of(strip(WantStrip(1, 1)), 40)
    drawn = bars(columns.levels, STEPS)
    assert len(drawn) == 40
    assert "█" in drawn[9:14]
    assert drawn[0] == "▁"
    assert columns.cuts == {0, 19}


def test_a_column_without_a_frame_has_that_before() -> None:
    told = Strip(1, 1, duration=10.0, seconds=(0.0, 9.9), scores=(1.0, 0.0))
    assert columns_of(told, 5).levels == (1.0, 1.0, 1.0, 1.0, 0.0)
    late = Strip(1, 1, duration=10.0, seconds=(5.0,), scores=(1.0,))
    assert bars(columns_of(late, 4).levels, STEPS)[:2] == "  "


@given(st.floats(0, 1e5), st.floats(0.1, 1e5), st.integers(1, 200))
def test_a_column_is_inside_the_strip(second: float, duration: float, width: int) -> None:
    column = column_of(second, duration, width)
    assert 0 <= column < width
    assert column_of(second_of(column, duration, width), duration, width) == column


@pytest.mark.parametrize(
    ("at", "step", "there"), [(0, 1, 5), (5, 1, 9), (9, 1, None), (9, -1, 5), (5, -1, None)]
)
def test_peaks_one_after_the_other(at: float, step: int, there: float | None) -> None:
    assert next_of((9.0, 5.0), at, step) == there
    assert next_of((5.0, 9.0), at, step) == there


def test_many_cuts_are_no_help() -> None:
    told = Strip(1, 1, duration=10.0, cuts=tuple(n / 10 for n in range(100)))
    assert columns_of(told, 20).cuts == frozenset()
