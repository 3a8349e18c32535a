"""Frame rates as exact fractions: which one a film has, by its headers and the times of its frames.

Pure: it opens no file, and is known to the child that probes and to what exports.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from statistics import median

NTSC = Fraction(1000, 1001)
TOLERANCE = Fraction(1, 10_000)
"""By which a written rate differs from the standard one that is meant: 29.97 from 30000/1001."""
HIGHEST = 480
DECLARED_TOLERANCE = 0.03
"""By which a declared rate may differ from the measured one and still be the exact figure."""
LATE = 16
"""Frames of a film's start that may come after later ones, so that they are missing where reading ended."""


@dataclass(frozen=True, slots=True)
class FrameRate:
    """Frames a second, and whether the time from one frame to the next differs."""

    value: Fraction
    varies: bool


def standard_rate(rate: Fraction) -> Fraction:
    """The whole rate, or one times 1000/1001, that differs by less than 1e-4; else the rate itself."""
    nearest = round(rate)
    for whole in (nearest, round(rate / NTSC)):
        for standard in (Fraction(whole), whole * NTSC):
            if 1 <= whole <= HIGHEST and abs(rate / standard - 1) < TOLERANCE:
                return standard
    return rate


def fits(times: Iterable[Fraction], rate: Fraction, tick: Fraction) -> bool:
    """Whether frames are shown at even times, as exactly as the container can say: to one tick.

    Args:
        times: ascending, of neighbouring frames, in seconds.
        tick: seconds of one step of the container's clock.
    """
    first = None
    for number, time in enumerate(times):
        first = time if first is None else first
        if abs(time - first - number / rate) > tick:
            return False
    return True


def first_frames_rate(
    times: Sequence[Fraction],
    tick: Fraction,
    *,
    declared: Iterable[Fraction | None],
    average: Fraction | None,
    frames: int,
) -> FrameRate | None:
    """The rate of a film of which the first frames were seen; None where they do not tell.

    Args:
        times: ascending, in seconds.
        declared: what the headers say, the likeliest first.
        average: that of the whole film, where its header counts the frames; `frames` is how many then.
    """
    seen = times[:-LATE] if len(times) > 2 * LATE else times
    if len(seen) < 2:
        return None if average is None else FrameRate(standard_rate(average), varies=False)
    for rate in (standard_rate(one) for one in declared if one):
        if fits(seen, rate, tick):
            return FrameRate(rate, varies=average is not None and not _agree(average, rate, frames))
    even = _even_rate(seen)
    if even is not None and (average is None or _agree(average, even, frames)):
        return FrameRate(even, varies=False)
    return FrameRate(standard_rate(average or _mean(seen)), varies=True)


def shown_rate(times: Sequence[float], declared: Iterable[Fraction | None]) -> float | None:
    """Frames a second by frame times; a declared rate that agrees gives the exact figure."""
    steps = [after - before for before, after in pairwise(times) if after > before]
    if not steps:
        return None
    median_rate = 1 / median(steps)
    mean_rate = len(steps) / sum(steps)
    for rate in filter(None, declared):
        for measured in (mean_rate, median_rate):
            if abs(float(rate) / measured - 1) < DECLARED_TOLERANCE:
                return float(rate)
    return mean_rate


def _even_rate(times: Sequence[Fraction]) -> Fraction | None:
    """The rate of frames that all follow each other after the same time; None where they do not."""
    steps = {after - before for before, after in pairwise(times)}
    step = steps.pop()
    return standard_rate(1 / step) if not steps and step > 0 else None


def _mean(times: Sequence[Fraction]) -> Fraction:
    length = times[-1] - times[0]
    return (len(times) - 1) / length if length > 0 else Fraction(25)


def _agree(average: Fraction, rate: Fraction, frames: int) -> bool:
    """Whether the average of a whole film is its rate: the last frame may be shown longer or shorter."""
    return abs(average / rate - 1) < 2 * TOLERANCE + Fraction(2, max(frames, 1))
