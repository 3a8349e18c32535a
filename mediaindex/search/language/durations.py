"""Lengths of time as they are typed: 90, 90s, 2m, 1h30m, 1:30 or 1:02:03."""

from __future__ import annotations

import re

_UNITS = re.compile(r"(?=\d)(?:(\d{1,6})h)?(?:(\d{1,6})m)?(?:(\d{1,9})s)?", re.IGNORECASE)
_CLOCK = re.compile(r"(?:(\d{1,6}):)?(\d{1,6}):([0-5]\d)")
_SECONDS = re.compile(r"\d{1,9}")
_ENDINGS = ("", "0", "00", "m")
"""What makes a length of one that is half typed: `1:3`, `1:`, `1h3`."""


def seconds_of(typed: str) -> int:
    """The seconds that a length says.

    Raises:
        ValueError: it is none.
    """
    if _SECONDS.fullmatch(typed):
        return int(typed)
    found = _UNITS.fullmatch(typed) or _CLOCK.fullmatch(typed)
    if found is None:
        raise ValueError(f"{typed!r} is no length")
    hours, minutes, seconds = (int(part or 0) for part in found.groups())
    return hours * 3600 + minutes * 60 + seconds


def may_become_a_length(typed: str) -> bool:
    """Whether more letters can make a length of it."""
    return any(_is_length(typed + ending) for ending in _ENDINGS)


def duration_text(seconds: int) -> str:
    """The shortest way to type a length in hours, minutes and seconds: 5400 → 1h30m, 0 → 0s."""
    minutes, rest = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    parts = [f"{number}{unit}" for number, unit in ((hours, "h"), (minutes, "m"), (rest, "s")) if number]
    return "".join(parts) or "0s"


def _is_length(typed: str) -> bool:
    try:
        seconds_of(typed)
    except ValueError:
        return False
    return True
