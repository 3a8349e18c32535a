"""The times of a subtitle as people and programs write them: `00:00:01,000 --> 00:00:02,000` and its kin.

Hours and milliseconds may be missing, separators may be of another kind, doubled or have spaces around them.
Scanners take digits for letters; translators leave full-width signs, digits of their own script and marks
that show nothing.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

# As much of a row as its times may take; keeps a hostile row cheap.
MOST_CHARACTERS = 160

# Marks of the direction of writing and of the byte order.
_UNSEEN = "\u200b\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2060\u2066\u2067\u2068\u2069\ufeff"
_BLANKS = f" \t\u00a0\u3000{_UNSEEN}"
# One character for one, so that places in the row stay the same.
_PLAIN_SIGNS = {
    **str.maketrans("：∶，．。·；＞≥－＝［］（）", "::,...;>>-=[]()"),
    **str.maketrans('\u2010\u2011\ufe63\u2012\u2015»›⇒⇨➜➡~´‘’"', "---––>>→→→→-```'"),
    **dict.fromkeys(map(ord, _BLANKS), ord(" ")),
}
_MISREAD_DIGITS = str.maketrans("OoIl", "0011")

_NUMBER = r"[\dOoIl]{1,9}"
_SEPARATOR = r" {0,2}[:.,;'`/_]{1,2}(?: {1,2}(?=[-\d]))?"
_CLOCK = rf"-? ?[\dOoIl]{{1,4}}(?:{_SEPARATOR}-?{_NUMBER}){{1,3}}"
_DASH = r"[-–—−=]"
_SURE_ARROW = r"(?:(?:[-−] ?){2,5}|[–—] ?)(?:>{1,3}|&gt;)"
_ARROW = rf"(?:{_DASH} ?){{0,5}}(?:>{{1,3}}|&gt;|[→⟶➔])|(?:{_DASH} ?){{1,5}}|[,|]|(?<= )"
# Styles and brackets, then the number of the caption.
_BEFORE = (
    r"(?:\{\\[^{}]{0,40}\}|<[biu]>|[ #\[(]){0,9}(?:\d{1,6}(?: {1,3}| ?[.)\]|-] {1,3}(?=-?[\dOoIl]{1,4} ?:)))?"
)
_AFTER = r"(?:[.,]|[Zzs](?!\w))? {0,9}"
_SHOWN = re.compile(rf"{_BEFORE}({_CLOCK}){_AFTER}({_ARROW}) {{0,9}}({_CLOCK})(?![:.,;]?\d)")
_AFTER_SHOWN = re.compile(r"(?:[.,]|[Zzs](?!\w))?[\])]?")
_WITHOUT_END = re.compile(rf"{_BEFORE}({_CLOCK}){_AFTER}({_SURE_ARROW}) *")
_CLOCK_ALONE = re.compile(r"-? ?\d{1,4}(?: ?[:.,;'] ?-?\d{1,9}){1,3}")
_MINUTES_TO_MILLISECONDS = re.compile(r"\d{1,3}:\d{2}[.,]\d{3}")
_IRREGULAR = re.compile(r"[^\d:.,;' -]|[:.,;']{2}")

_LONG_CLOCK = r"\d{1,4} ?:{1,2} ?\d{1,9} ?[:.,;']{1,2} ?\d"
_ANY_ARROW = r"(?:[-–—−=] ?){1,5}(?:>{1,3}|&gt;)|→"
_MEANT = re.compile(
    rf"\d[^\s\d]{{0,4}} {{0,9}}{_SURE_ARROW} {{0,9}}[^\s\d]{{0,4}}\d"
    rf"|{_LONG_CLOCK}\S{{0,12}} {{0,9}}(?:{_ANY_ARROW})|(?:{_ANY_ARROW}) {{0,9}}{_LONG_CLOCK}"
    rf"|{_LONG_CLOCK}\d?[:.,;'] ?\d{{2,3}}\b.{{1,12}}\b{_LONG_CLOCK}\d?[:.,;'] ?\d{{2,3}}\b"
    # Two times of which the separator is anything, and nothing else.
    rf"|^[\d\W]{{0,9}}{_LONG_CLOCK}[\d\WOoIlZ_]{{1,40}}{_LONG_CLOCK}[\d\WOoIlZ_]{{0,40}}$"
)


@dataclass(frozen=True, slots=True)
class Times:
    """When a caption is shown, in seconds from the film's start, and what the row says after that."""

    start_seconds: float
    end_seconds: float
    rest: str


def times_in(row: str) -> Times | None:
    """The two times with which a row begins, None where it begins with anything else.

    A row that ends with its arrow has the first time twice.
    """
    row = row.lstrip(_BLANKS)
    plain = row[:MOST_CHARACTERS].translate(_PLAIN_SIGNS)
    if (match := _SHOWN.match(plain)) is not None:
        start, arrow, end = match.groups()
        rest = row[_AFTER_SHOWN.match(plain, match.end()).end() :]  # type: ignore[union-attr]
    elif (match := _WITHOUT_END.fullmatch(plain)) is not None and len(row) <= MOST_CHARACTERS:
        start, arrow = match.groups()
        end, rest = start, ""
    else:
        return None
    if any(len(_numbers(clock)) < _least_numbers(arrow, clock) for clock in (start, end)):
        return None
    return Times(_seconds(start), _seconds(end), rest if rest.strip(_BLANKS) else "")


def are_times_meant(row: str) -> bool:
    """Whether a row was to be times, readable or not: two times, or a subtitle's arrow beside digits."""
    return _MEANT.search(row[:MOST_CHARACTERS].translate(_PLAIN_SIGNS)) is not None


def seconds_of(clock: str) -> float | None:
    """The seconds of `0:00:02.50`, 0 where it is negative; None where it is no time."""
    clock = clock.strip().translate(_PLAIN_SIGNS)
    return _seconds(clock) if _CLOCK_ALONE.fullmatch(clock) is not None else None


def _least_numbers(arrow: str, clock: str) -> int:
    """How many numbers a time has at least: "10:30 -> 11:00" and "9:00:00 - 10:00:00" may be words."""
    if re.fullmatch(_SURE_ARROW, arrow) is not None:
        return 3 if _IRREGULAR.search(clock) else 2
    is_arrow = re.fullmatch(r".+(?:>|&gt;)|[→⟶➔]", arrow) is not None
    if is_arrow or _MINUTES_TO_MILLISECONDS.fullmatch(clock) is not None:
        return 4 if _IRREGULAR.search(clock) else 3
    return 4


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
    separators = re.findall(r"[^\w ]|_", re.sub(r"(\W)\1", r"\1", clock))
    if len(numbers) == 4 or len(numbers[-1]) > 2:
        return True
    return separators[-1] != ":" and not (len(numbers) == 3 and separators[0] == separators[1])


def _numbers(clock: str) -> list[str]:
    return re.findall(r"\d+", clock.translate(_MISREAD_DIGITS))
