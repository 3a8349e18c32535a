"""Which frames a stretch of time has: the nearest at an even rate, those that are shown where it varies."""

from __future__ import annotations

from bisect import bisect_right
from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from mediaindex.export.cuts.clock import EvenClock, StampedClock, clock_of
from mediaindex.media import FrameTimes

NTSC = Fraction(30000, 1001)
MILLI = Fraction(1, 1000)


@given(st.integers(0, 99_998), st.integers(1, 500), st.sampled_from([Fraction(24), NTSC, Fraction("12.5")]))
def test_even_frames_are_found_by_times_that_are_rounded(first: int, length: int, rate: Fraction) -> None:
    clock = EvenClock(rate, Fraction(3, 10), 100_000)
    behind = min(first + length, 100_000)
    start, end = (Fraction(round(float(clock.time_of(frame)), 3)) for frame in (first, behind))
    assert clock.frames_between(start, end) == (first, behind)


@given(st.lists(st.integers(1, 200), min_size=2, max_size=50), st.data())
def test_uneven_frames_are_those_that_are_shown(lengths: list[int], data: st.DataObject) -> None:
    stamps = tuple(sum(lengths[:number]) for number in range(len(lengths)))
    clock = StampedClock(stamps, MILLI, sum(lengths))
    start = data.draw(st.integers(0, sum(lengths) - 1))
    end = data.draw(st.integers(start + 1, sum(lengths)))
    first, behind = clock.frames_between(start * MILLI, end * MILLI)
    assert first == bisect_right(stamps, start) - 1
    assert behind == bisect_right(stamps, end - 1)


def test_a_stretch_has_a_frame_and_stays_in_the_film() -> None:
    clock = EvenClock(Fraction(25), Fraction(0), 100)
    assert clock.frames_between(Fraction(1), Fraction(1)) == (25, 26)
    assert clock.frames_between(Fraction(-5), Fraction(99)) == (0, 100)
    assert clock.frames_between(Fraction(50), Fraction(60)) == (99, 100)
    uneven = StampedClock((0, 40, 90), MILLI, 120)
    assert uneven.frames_between(Fraction(-1), Fraction(9)) == (0, 3)
    assert uneven.frames_between(Fraction("0.05"), Fraction("0.05")) == (1, 2)


def test_the_clock_of_a_film_is_even_where_its_frames_are() -> None:
    even = FrameTimes(MILLI, Fraction(0), 40, 4040, 100, Fraction(25))
    assert clock_of(even) == EvenClock(Fraction(25), Fraction(1, 25), 100)
    uneven = clock_of(FrameTimes(MILLI, Fraction(0), 0, 120, 3, None, (0, 40, 90)))
    assert (uneven.varies, uneven.count, uneven.rate) == (True, 3, Fraction(25))
    assert [uneven.time_of(frame) for frame in (0, 2, 3)] == [0, Fraction("0.09"), Fraction("0.12")]
