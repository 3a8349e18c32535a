"""Lengths of time as they are typed."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mediaindex.search.language.durations import duration_text, may_become_a_length, seconds_of


@pytest.mark.parametrize(
    ("typed", "seconds"),
    [
        ("90", 90), ("90s", 90), ("2m", 120), ("1h30m", 5400), ("1h", 3600), ("1h5s", 3605),
        ("1H30M15S", 5415), ("1:30", 90), ("1:02:03", 3723), ("90:00", 5400), ("0", 0), ("0s", 0),
        ("９０", 90),
    ],
)  # fmt: skip
def test_a_length_in_seconds(typed: str, seconds: int) -> None:
    assert seconds_of(typed) == seconds


@pytest.mark.parametrize(
    "typed", ["", "x", "2x", "1h30", "1:60", "1:2:3", "1:2:3:04", "1:", ":30", "h", "-5", "1.5", "m2", "1m2h"]
)
def test_what_is_no_length(typed: str) -> None:
    with pytest.raises(ValueError, match="is no length"):
        seconds_of(typed)


@given(seconds=st.integers(0, 10**9 - 1))
def test_the_shortest_text_of_a_length_says_it(seconds: int) -> None:
    assert seconds_of(duration_text(seconds)) == seconds


@given(typed=st.text(max_size=12))
def test_any_text_is_a_length_or_none(typed: str) -> None:
    try:
        assert seconds_of(typed) >= 0
    except ValueError:
        return
    assert typed.strip()


def test_a_beginning_may_become_a_length() -> None:
    for typed in ("", "9", "1h3", "1:", "1:3", "1:02:", "1:02:0", "2m"):
        assert may_become_a_length(typed)
    for typed in ("2x", "1:6", "x", "1h3x"):
        assert not may_become_a_length(typed)
