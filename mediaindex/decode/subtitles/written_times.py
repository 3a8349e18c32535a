"""The times of a subtitle as people and programs write them: `00:00:01,000 --> 00:00:02,000` and its kin.

Hours and milliseconds may be missing, separators may be of another kind or have spaces around them, and
translators leave full-width signs and digits of their own script.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

# As much of a row as its times may take; keeps a hostile row cheap.
MOST_CHARACTERS = 160

_CLOCK = r"-? ?\d{1,4}(?: ?[:.,;'] ?-?\d{1,9}){1,3}"
_ARROW = r"(?:[-–—−=] ?){1,4}(?:>{1,3}|&gt;)|[→⟶➔]|[-–—−]"
_SHOWN = re.compile(rf"[\[(]?({_CLOCK})[.,]?\s{{0,9}}({_ARROW})\s{{0,9}}({_CLOCK})[.,]?[\])]?")
_CLOCK_ALONE = re.compile(_CLOCK)
# One character for one, so that places in the row stay the same.
_PLAIN_SIGNS = str.maketrans("：，．；＞－＝［］（）\u00a0\u3000", ":,.;>-=[]()  ")
_SURE_ARROW = re.compile(r"(?:[-−] ?[-−]|[–—]).*[>;]")


@dataclass(frozen=True, slots=True)
class Times:
    """When a caption is shown, in seconds from the film's start, and what the row says after that."""

    start_seconds: float
    end_seconds: float
    rest: str


def times_in(row: str) -> Times | None:
    """The two times with which a row begins, None where it begins with anything else."""
    row = row.lstrip("\ufeff \t")
    match = _SHOWN.match(row[:MOST_CHARACTERS].translate(_PLAIN_SIGNS))
    if match is None:
        return None
    start, arrow, end = match.groups()
    if min(len(_numbers(start)), len(_numbers(end))) < _least_numbers(arrow):
        return None
    return Times(_seconds(start), _seconds(end), row[match.end() :])


def seconds_of(clock: str) -> float | None:
    """The seconds of `0:00:02.50`, 0 where it is negative; None where it is no time."""
    clock = clock.strip().translate(_PLAIN_SIGNS)
    return _seconds(clock) if _CLOCK_ALONE.fullmatch(clock) is not None else None


def _least_numbers(arrow: str) -> int:
    """How many numbers a time has at least: "10:30 -> 11:00" and "9:00:00 - 10:00:00" may be words."""
    if _SURE_ARROW.match(arrow) is not None:
        return 2
    return 4 if arrow in "-–—−" else 3


def _seconds(clock: str) -> float:
    if "-" in clock:
        return 0.0  # before the film: a subtitle that was moved too far
    numbers = _numbers(clock)
    fraction = numbers.pop() if _has_fraction(clock, numbers) else "0"
    whole = 0
    for number in numbers:
        whole = 60 * whole + int(number)
    return float(f"{whole}.{fraction}")


def _has_fraction(clock: str, numbers: list[str]) -> bool:
    """Whether the last number is a fraction of a second: `1:02.5`, `0:01:02:500`, but not `0.01.02`."""
    separators = re.sub(r"[\d ]", "", clock)
    if len(numbers) == 4 or len(numbers[-1]) > 2:
        return True
    return separators[-1] != ":" and not (len(numbers) == 3 and separators[0] == separators[1])


def _numbers(clock: str) -> list[str]:
    return re.findall(r"\d+", clock)
