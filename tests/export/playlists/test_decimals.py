"""Decimals of exact seconds, rounded to the side that a reader needs."""

from __future__ import annotations

from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from mediaindex.export.playlists.decimals import nearest, not_after, not_before


@given(st.fractions(min_value=-1000, max_value=10**6, max_denominator=60_000))
def test_each_is_on_its_side_and_within_a_microsecond(seconds: Fraction) -> None:
    micro = Fraction(1, 1_000_000)
    assert 0 <= seconds - Fraction(not_after(seconds)) < micro
    assert 0 <= Fraction(not_before(seconds)) - seconds < micro
    assert abs(Fraction(nearest(seconds)) - seconds) <= micro / 2


def test_no_digit_is_written_that_says_nothing() -> None:
    assert [nearest(Fraction(text)) for text in ("250.25", "4", "0", "1/3", "-1/2", "100")] == [
        "250.25",
        "4",
        "0",
        "0.333333",
        "-0.5",
        "100",
    ]
