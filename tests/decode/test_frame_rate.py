"""Exact rates: of headers that round, of times that containers round, of films whose rate varies."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mediaindex.decode.frame_rate import FrameRate, first_frames_rate, fits, shown_rate, standard_rate

NTSC = Fraction(30000, 1001)
MILLI = Fraction(1, 1000)
EDITORS = [
    Fraction(24000, 1001),
    *map(Fraction, (24, 25)),
    NTSC,
    *map(Fraction, (30, 50)),
    Fraction(60000, 1001),
]


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("2997/100", NTSC),
        ("23.976", Fraction(24000, 1001)),
        ("59.94", Fraction(60000, 1001)),
        ("25", Fraction(25)),
    ],
)
def test_rates_as_people_write_them(written: str, meant: Fraction) -> None:
    assert standard_rate(Fraction(written)) == meant


@pytest.mark.parametrize("rate", ["12.5", "29.6", "23.99", "0.5", "1000.5"])
def test_a_rate_that_is_no_standard_one_stays(rate: str) -> None:
    assert standard_rate(Fraction(rate)) == Fraction(rate)


@given(st.sampled_from(EDITORS), st.integers(10, 120))
def test_times_rounded_to_milliseconds_have_their_rate(rate: Fraction, count: int) -> None:
    times = [round(1000 * number / rate) * MILLI for number in range(count)]
    assert fits(times, rate, MILLI)
    found = first_frames_rate(times, MILLI, declared=[None, rate], average=None, frames=0)
    assert found == FrameRate(rate, varies=False)


def frames_rate(times: list[Fraction], **values: object) -> FrameRate | None:
    given_values = {"declared": (), "average": None, "frames": 0} | values
    return first_frames_rate(times, MILLI, **given_values)  # type: ignore[arg-type]


def test_a_declared_rate_that_counts_fields_is_not_believed() -> None:
    times = [Fraction(number, 25) for number in range(40)]
    assert frames_rate(times, declared=[Fraction(50), Fraction(25)]) == FrameRate(Fraction(25), varies=False)
    assert frames_rate(times) == FrameRate(Fraction(25), varies=False)


def test_a_rate_varies_where_times_are_uneven_or_the_whole_film_has_another_mean() -> None:
    uneven = [Fraction(number) for number in (0, 1, 2, 4, 7)]
    assert frames_rate(uneven, declared=[Fraction(25)]) == FrameRate(Fraction(4, 7), varies=True)
    even = [Fraction(number, 24) for number in range(120)]
    later = frames_rate(even, declared=[Fraction(24)], average=Fraction(30), frames=5000)
    assert later == FrameRate(Fraction(24), varies=True)
    cut_off = frames_rate(even, declared=[Fraction(24)], average=Fraction("23.9"), frames=200)
    assert cut_off == FrameRate(Fraction(24), varies=False)


def test_a_film_of_one_frame_has_the_rate_of_its_header() -> None:
    assert frames_rate([Fraction(0)], average=Fraction(25), frames=1) == FrameRate(Fraction(25), varies=False)
    assert frames_rate([Fraction(0)]) is None
    assert frames_rate([]) is None


def test_the_shown_rate_is_measured_and_made_exact_by_a_header_that_agrees() -> None:
    assert shown_rate([0.0, 0.04, 0.08], [Fraction(50), Fraction(25)]) == 25.0
    assert shown_rate([0.0, 0.5, 1.0], [Fraction(50)]) == 2.0
    assert shown_rate([0.0], [Fraction(25)]) is None
