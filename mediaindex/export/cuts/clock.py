"""When the frames of a film are shown: at even times, or each at its own."""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import pairwise
from statistics import median_low
from typing import Protocol

from mediaindex.media import FrameTimes

LENIENCE = Fraction(1, 1_000_000)
"""Seconds: moments are stored as floats, and a frame begins no earlier than its own."""
HALF = Fraction(1, 2)


class Clock(Protocol):
    """Frames are counted from 0; times are seconds from the container's start, what a player counts from."""

    @property
    def count(self) -> int:
        """How many frames there are."""
        ...

    @property
    def rate(self) -> Fraction:
        """Frames a second; the usual one where it varies."""
        ...

    @property
    def varies(self) -> bool:
        """Whether the rate varies."""
        ...

    def time_of(self, frame: int) -> Fraction:
        """When a frame begins to be shown; of the count of frames, when the last one ends."""
        ...

    def frames_between(self, start: Fraction, end: Fraction) -> tuple[int, int]:
        """The first frame of a stretch, and the first one behind it; there is at least one."""
        ...


@dataclass(frozen=True, slots=True)
class EvenClock:
    """Frames at even times; the bounds of a stretch go to the nearest frame.

    Attributes:
        begins: when frame 0 is shown.
    """

    rate: Fraction
    begins: Fraction
    count: int
    varies: bool = False

    def time_of(self, frame: int) -> Fraction:
        """See `Clock`."""
        return self.begins + frame / self.rate

    def frames_between(self, start: Fraction, end: Fraction) -> tuple[int, int]:
        """See `Clock`."""
        first, behind = (math.floor((time - self.begins) * self.rate + HALF) for time in (start, end))
        first = min(max(first, 0), self.count - 1)
        return first, min(max(behind, first + 1), self.count)


@dataclass(frozen=True, slots=True)
class StampedClock:
    """Each frame at its own time; the bounds of a stretch go to the frame that is shown then.

    Attributes:
        stamps: ticks from the container's start, ascending; end: when the last one ends, ticks.
        tick: seconds.
        rate: by the length for which most frames are shown.
    """

    stamps: tuple[int, ...]
    tick: Fraction
    end: int
    rate: Fraction = field(init=False)
    varies: bool = True

    def __post_init__(self) -> None:
        lengths = [after - before for before, after in pairwise((*self.stamps, self.end))]
        object.__setattr__(self, "rate", 1 / (max(median_low(lengths), 1) * self.tick))

    @property
    def count(self) -> int:
        """See `Clock`."""
        return len(self.stamps)

    def time_of(self, frame: int) -> Fraction:
        """See `Clock`."""
        return (self.end if frame == self.count else self.stamps[frame]) * self.tick

    def frames_between(self, start: Fraction, end: Fraction) -> tuple[int, int]:
        """See `Clock`."""
        first = max(bisect_right(self.stamps, (start + LENIENCE) / self.tick) - 1, 0)
        behind = bisect_left(self.stamps, (end - LENIENCE) / self.tick)
        return first, max(behind, first + 1)


def clock_of(times: FrameTimes) -> Clock:
    """The clock that a file's frames go by."""
    if times.rate is None:
        return StampedClock(times.stamps, times.tick, max(times.end, times.stamps[-1] + 1))
    return EvenClock(times.rate, times.first * times.tick, times.count)
