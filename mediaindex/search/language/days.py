"""Days as they are typed: 2024-05-31, 2024-05, 2024, today, yesterday, or so long ago: 7d, 2w, 3m, 1y."""

from __future__ import annotations

import calendar
import datetime
import re

_CALENDAR = re.compile(r"(\d{4})(?:-(\d{1,2})(?:-(\d{1,2}))?)?")
_AGO = re.compile(r"(\d{1,5})([dwmy])", re.IGNORECASE)
_NAMED = {"today": 0, "yesterday": 1}
_ENDINGS = ("", "0", "1", "01", "11", "001", "d")
"""What makes a day of one that is half typed: `2024-05-3`, `2024-0`, `2024-`, `20`, `2`, `7`."""


def days_of(typed: str, today: datetime.date) -> tuple[datetime.date, datetime.date]:
    """The first day that is meant, and the first behind: of a year, a month, or one day.

    Raises:
        ValueError: it says no day, or none that a calendar has.
    """
    try:
        return _days(typed, today)
    except OverflowError as error:
        raise ValueError(f"{typed!r} lies outside the calendar") from error


def may_become_a_day(typed: str, today: datetime.date) -> bool:
    """Whether more letters can make a day of it."""
    is_begun = any(name.startswith(typed.lower()) for name in _NAMED)
    return is_begun or any(_is_day(typed + ending, today) for ending in _ENDINGS)


def _days(typed: str, today: datetime.date) -> tuple[datetime.date, datetime.date]:
    if (back := _NAMED.get(typed.lower())) is not None:
        return _one_day(today - datetime.timedelta(days=back))
    if ago := _AGO.fullmatch(typed):
        return _one_day(_before(today, int(ago[1]), ago[2].lower()))
    if (found := _CALENDAR.fullmatch(typed)) is None:
        raise ValueError(f"{typed!r} is no day")
    year, month, day = (None if part is None else int(part) for part in found.groups())
    first = datetime.date(year or 0, 1 if month is None else month, 1 if day is None else day)
    if day is not None:
        return _one_day(first)
    return first, _months_later(first, 12 if month is None else 1)


def _one_day(day: datetime.date) -> tuple[datetime.date, datetime.date]:
    return day, day + datetime.timedelta(days=1)


def _before(today: datetime.date, number: int, unit: str) -> datetime.date:
    if unit in "dw":
        return today - datetime.timedelta(days=number * (7 if unit == "w" else 1))
    return _months_later(today, -number * (12 if unit == "y" else 1))


def _months_later(day: datetime.date, months: int) -> datetime.date:
    """The same day of another month, or that month's last."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    if not datetime.MINYEAR <= year <= datetime.MAXYEAR:
        raise ValueError(f"there is no year {year}")
    return datetime.date(year, month + 1, min(day.day, calendar.monthrange(year, month + 1)[1]))


def _is_day(typed: str, today: datetime.date) -> bool:
    try:
        days_of(typed, today)
    except ValueError:
        return False
    return True
