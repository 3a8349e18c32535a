"""Timecode counts frames as a counter would, that is told which numbers to leave out."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mediaindex.export.cuts.timecode import (
    TimecodeBase,
    can_drop,
    is_countable,
    is_drop_frame,
    is_timecode,
)
from tests.support.cut_readers import timecodes

RATES = [Fraction(24), Fraction(25), Fraction(30), Fraction(50), Fraction(60), Fraction(120)]
RATES += [rate * Fraction(1000, 1001) for rate in RATES]


@pytest.mark.parametrize("drop", [False, True])
@pytest.mark.parametrize("frames", [30, 60])
def test_every_frame_of_some_minutes_has_the_number_that_a_counter_shows(frames: int, drop: bool) -> None:
    base = TimecodeBase(frames, drop)
    for text, count in timecodes(frames, drop=drop, minutes=12).items():
        assert base.text(count) == text
        assert base.count(text) == count


@given(st.sampled_from(RATES), st.booleans(), st.integers(0, 3_000_000))
def test_text_and_count_are_inverse(rate: Fraction, drop: bool, count: int) -> None:
    base = TimecodeBase.of(rate, drop=drop)
    count %= base.frames_a_day
    text = base.text(count)
    assert is_timecode(text)
    assert is_drop_frame(text) == base.drop
    assert base.count(text) == count
    assert base.text(count + base.frames_a_day) == text


@given(st.sampled_from(RATES), st.integers(0, 2_000_000), st.integers(1, 500))
def test_later_frames_have_later_numbers(rate: Fraction, count: int, more: int) -> None:
    base = TimecodeBase.of(rate, drop=True)
    count %= base.frames_a_day - more
    assert base.text(count) < base.text(count + more)


@pytest.mark.parametrize(
    "text",
    ["", "1:00:00:00", "01:00:00", "01:60:00:00", "24:00:00:00", "00:00:00:30", "00:01:00;00", "00:01:00;01"],
)
def test_what_is_no_timecode_of_a_base_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="timecode"):
        TimecodeBase(30, drop=True).count(text)


def test_the_refusal_of_a_number_that_is_left_out_names_the_next_one() -> None:
    with pytest.raises(ValueError, match="begins at 00:01:00;02"):
        TimecodeBase(30, drop=True).count("00:01:00;00")
    assert TimecodeBase(30, drop=True).count("00:10:00;00") == 17982


def test_which_rates_can_be_counted_and_which_drop() -> None:
    assert [can_drop(rate) for rate in map(Fraction, ("30000/1001", "60000/1001", "24000/1001", "30"))] == [
        True,
        True,
        False,
        False,
    ]
    assert all(map(is_countable, RATES))
    assert not is_countable(Fraction("12.5"))
    assert TimecodeBase.of(Fraction(25), drop=True) == TimecodeBase(25, drop=False)
