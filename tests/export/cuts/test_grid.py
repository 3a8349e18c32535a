"""Films are counted at an even rate at which each bound of a cut shows the frame that it should."""

from __future__ import annotations

from bisect import bisect_right
from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from mediaindex.export.cuts.clock import EvenClock, StampedClock
from mediaindex.export.cuts.grid import first_grid, grid_of, point_of
from mediaindex.export.cuts.timecode import is_countable

MILLI = Fraction(1, 1000)


@given(
    st.sampled_from([Fraction(25), Fraction(24000, 1001), Fraction("12.5"), Fraction("7.5"), Fraction("3.7")])
)
def test_a_rate_that_timecode_keeps_time_with_is_its_own_grid(rate: Fraction) -> None:
    clock = EvenClock(rate, Fraction(1, 7), 1000)
    grid = grid_of(clock, [(10, 20)])
    assert is_countable(grid)
    assert grid == rate if is_countable(rate) else grid > rate
    if (grid / rate).denominator == 1:
        assert point_of(clock, grid, 10) == 10 * grid / rate


@given(st.integers(1, 5_000_000))
def test_a_rate_that_is_written_with_few_digits_counts_the_same_frames(frame: int) -> None:
    clock = EvenClock(Fraction("23.976"), Fraction(0), 10_000_000)
    assert grid_of(clock, [(frame, frame + 1)]) == Fraction(24000, 1001)
    assert point_of(clock, Fraction(24000, 1001), frame) == frame


@given(st.lists(st.integers(9, 120), min_size=4, max_size=60), st.data())
def test_points_of_the_grid_show_the_frames_of_a_cut(lengths: list[int], data: st.DataObject) -> None:
    stamps = tuple(500 + sum(lengths[:number]) for number in range(len(lengths)))
    clock = StampedClock(stamps, MILLI, 500 + sum(lengths))
    first = data.draw(st.integers(0, len(lengths) - 1))
    behind = data.draw(st.integers(first + 1, len(lengths)))
    grid = grid_of(clock, [(first, behind)])

    def shown(point: int) -> int:
        return bisect_right(stamps, 500 + 1000 * point / grid) - 1

    assert shown(point_of(clock, grid, first)) == first
    assert shown(point_of(clock, grid, behind) - 1) == behind - 1
    assert (grid / first_grid(clock)).denominator == 1


def test_the_lowest_grid_that_tells_is_taken() -> None:
    phone = StampedClock((0, 34, 67, 100, 134, 167), MILLI, 200)
    assert first_grid(phone) in (Fraction(30), Fraction(30000, 1001))
    assert grid_of(phone, []) == first_grid(phone)
    close = StampedClock((0, 33, 67, 75, 83, 100, 133, 167, 200), MILLI, 233)
    assert grid_of(close, [(3, 4)]) > first_grid(close)
