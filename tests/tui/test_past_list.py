from __future__ import annotations

import datetime

import pytest

from mediaindex_tui.past_list import day

TODAY = datetime.date(2024, 5, 15)


def at(year: int, month: int, number: int) -> float:
    return datetime.datetime(year, month, number, 12).timestamp()  # noqa: DTZ001  the day where the user is


@pytest.mark.parametrize(
    ("when", "told"),
    [
        (at(2024, 5, 15), "today"),
        (at(2024, 5, 14), "yesterday"),
        (at(2024, 5, 11), "Saturday"),
        (at(2024, 1, 3), "3 Jan"),
        (at(2023, 5, 15), "15 May 2023"),
        (0.0, ""),
        (1e30, ""),
    ],
)
def test_days_as_people_say_them(when: float, told: str) -> None:
    assert day(when, today=TODAY) == told
