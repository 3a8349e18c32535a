from __future__ import annotations

import datetime
from collections.abc import Callable

import pytest
from textual.pilot import Pilot

from mediaindex_tui.app import InterfaceApp
from mediaindex_tui.messages import PastTold
from mediaindex_tui.past_list import day
from tests.support.fake_finder import FakeFinder
from tests.support.pilots import drive, is_shown, until

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


def test_the_newest_video_is_named_by_its_folder(
    interface: Callable[..., InterfaceApp], finder: FakeFinder
) -> None:
    finder.past = PastTold(newest=("Holiday\x1b 2024", "2024-05-03"))
    app = interface()

    async def body(pilot: Pilot[int]) -> None:
        await until(
            pilot, lambda: is_shown(app, r"104 videos · 23 min · newest: Holiday\x1b 2024 (3 May 2024)")
        )

    drive(app, body)
