"""A cut as it is typed: PATH@START-END."""

from __future__ import annotations

import re
from dataclasses import dataclass
from fractions import Fraction

from mediaindex.errors import UsageError
from mediaindex.export.cuts.cut import Time
from mediaindex.export.cuts.timecode import is_timecode

_SECONDS = re.compile(r"\d{1,9}(?:\.\d{1,9})?", re.ASCII)
_CLOCK = re.compile(r"(?:(\d{1,4}):)?(\d{1,4}):([0-5]\d(?:\.\d{1,9})?)", re.ASCII)


@dataclass(frozen=True, slots=True)
class TypedCut:
    """A file and the stretch of it, end exclusive."""

    path: str
    start: Time
    end: Time


def typed_cut(typed: str) -> TypedCut:
    """PATH@START-END; the last @ ends the path.

    Raises:
        UsageError: it is none.
    """
    path, _, span = typed.rpartition("@")
    start, dash, end = span.partition("-")
    if not (path and dash):
        raise UsageError(f"--cut {typed}: write PATH@START-END, such as film.mov@12.5-20")
    return TypedCut(path, _time(typed, start), _time(typed, end))


def _time(typed: str, text: str) -> Time:
    if is_timecode(text):
        return text
    if _SECONDS.fullmatch(text):
        return Fraction(text)
    clock = _CLOCK.fullmatch(text)
    if clock is None:
        raise UsageError(
            f"--cut {typed}: {text!r} is no time; write seconds (12.5), 1:15.5, or timecode (01:00:00:12)"
        )
    return 3600 * int(clock[1] or 0) + 60 * int(clock[2]) + Fraction(clock[3])
