"""Days as they are typed."""

from __future__ import annotations

import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mediaindex.search.language.days import days_of, may_become_a_day

LEAP_DAY = datetime.date(2024, 2, 29)


@pytest.mark.parametrize(
    ("typed", "first", "behind"),
    [
        ("2024-05-31", "2024-05-31", "2024-06-01"),
        ("2024-5-1", "2024-05-01", "2024-05-02"),
        ("2024-12", "2024-12-01", "2025-01-01"),
        ("2024", "2024-01-01", "2025-01-01"),
        ("today", "2024-02-29", "2024-03-01"),
        ("Yesterday", "2024-02-28", "2024-02-29"),
        ("0d", "2024-02-29", "2024-03-01"),
        ("7d", "2024-02-22", "2024-02-23"),
        ("2w", "2024-02-15", "2024-02-16"),
        ("3m", "2023-11-29", "2023-11-30"),
        ("1y", "2023-02-28", "2023-03-01"),
        ("12M", "2023-02-28", "2023-03-01"),
        ("２０２４", "2024-01-01", "2025-01-01"),
    ],
)
def test_a_day_has_a_first_and_a_first_behind(typed: str, first: str, behind: str) -> None:
    assert [day.isoformat() for day in days_of(typed, LEAP_DAY)] == [first, behind]


@pytest.mark.parametrize(
    "typed",
    ["", "2024-13", "2023-02-29", "0000", "31.12.2024", "24", "tomorrow", "7", "-7d", "99999y", "999999w",
     "7dd", "2024-", "2024-05-31T12:00", "9999-12-31"],
)  # fmt: skip
def test_what_no_calendar_has_is_no_day(typed: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        days_of(typed, LEAP_DAY)


@given(typed=st.text(max_size=12))
def test_any_text_is_a_day_or_none(typed: str) -> None:
    try:
        first, behind = days_of(typed, LEAP_DAY)
    except ValueError:
        return
    assert first < behind


@given(day=st.dates(max_value=datetime.date(9999, 12, 30)), length=st.integers(0, 9))
def test_every_beginning_of_a_day_may_become_one(day: datetime.date, length: int) -> None:
    assert days_of(day.isoformat(), LEAP_DAY)[0] == day
    assert may_become_a_day(day.isoformat()[:length], LEAP_DAY)


@pytest.mark.parametrize("typed", ["x", "2024-13", "2024-02-3x", "yesterdax", "20244x"])
def test_what_no_letter_mends(typed: str) -> None:
    assert not may_become_a_day(typed, LEAP_DAY)
