"""The even rate at which an editor counts a film, whatever times its frames have.

An editor knows a source's frames as points of an even grid, and shows at each point the frame that is shown
at that time. A film with an even rate is its own grid. Of one whose rate varies, the grid is the rate that
most of its frames have, or twice that, and so on, until each frame at a bound of a cut has its own point.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from fractions import Fraction

from mediaindex.decode.frame_rate import NTSC, standard_rate
from mediaindex.export.cuts.clock import Clock
from mediaindex.export.cuts.timecode import is_countable

USUAL = (24 * NTSC, *map(Fraction, (24, 25)), 30 * NTSC, *map(Fraction, (30, 50)), 60 * NTSC, Fraction(60))
FINER = (1, 2, 4, 8)
WHOLE_TIMES = (2, 3, 4)


def first_grid(clock: Clock) -> Fraction:
    """The rate at which timecode counts a film: its own, where timecode can keep time with it."""
    return _grids(clock)[0]


def grid_of(clock: Clock, spans: Iterable[tuple[int, int]]) -> Fraction:
    """The lowest rate that tells the first and the last frame of each span from their neighbours.

    Args:
        spans: pairs of the first frame and the one behind the last.
    """
    grids, wanted = _grids(clock), list(spans)
    if len(grids) == 1:
        return grids[0]
    tells = (rate for rate in grids if all(_is_told(clock, rate, *span) for span in wanted))
    return next(tells, grids[-1])


def point_of(clock: Clock, rate: Fraction, frame: int) -> int:
    """The first point of the grid at which a frame is shown; frame 0 is shown at point 0.

    Frames at even times are points themselves. A film of 23.976 frames a second is not quite one of
    24000/1001, and its frames would otherwise be counted one off after the first.
    """
    if not clock.varies and (points := rate / standard_rate(clock.rate)).denominator == 1:
        return frame * points.numerator
    return math.ceil((clock.time_of(frame) - clock.time_of(0)) * rate)


def _grids(clock: Clock) -> Sequence[Fraction]:
    if not clock.varies:
        own = standard_rate(clock.rate)
        if is_countable(own):
            return (own,)
        if several := [own * times for times in WHOLE_TIMES if is_countable(own * times)]:
            return several
    usual = min(USUAL, key=lambda rate: abs(math.log(rate / clock.rate)))
    return [usual * times for times in FINER]


def _is_told(clock: Clock, rate: Fraction, first: int, behind: int) -> bool:
    begins = clock.time_of(0)
    shown_first = begins + point_of(clock, rate, first) / rate
    shown_last = begins + (point_of(clock, rate, behind) - 1) / rate
    return shown_first < clock.time_of(first + 1) and shown_last >= clock.time_of(behind - 1)
