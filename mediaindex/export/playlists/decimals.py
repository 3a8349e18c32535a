"""Exact seconds as decimals, to the microsecond."""

from __future__ import annotations

import math
from fractions import Fraction

MICRO = 1_000_000
HALF = Fraction(1, 2)


def nearest(seconds: Fraction) -> str:
    """The nearest decimal."""
    return _written(math.floor(seconds * MICRO + HALF))


def not_after(seconds: Fraction) -> str:
    """The decimal below: a reader that leaves out what comes before a time keeps the frame of that time."""
    return _written(math.floor(seconds * MICRO))


def not_before(seconds: Fraction) -> str:
    """The decimal above: a reader that shows what is seen at a time shows the frame that begins there."""
    return _written(math.ceil(seconds * MICRO))


def _written(micros: int) -> str:
    sign = "-" if micros < 0 else ""
    whole, part = divmod(abs(micros), MICRO)
    return f"{sign}{whole}.{part:06}".rstrip("0").rstrip(".")
