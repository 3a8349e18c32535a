"""Timecode: frames counted as HH:MM:SS:FF, also by the drop-frame rule of SMPTE ST 12-1.

At 30000/1001 frames a second, 30 are counted to a second, so the clock falls behind by 3.6 s in an hour.
Drop-frame leaves out numbers, never frames: the first two of each minute, except every tenth. 00:00:59;29 is
followed by 00:01:00;02.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from fractions import Fraction

from mediaindex.decode.frame_rate import NTSC

_WRITTEN = re.compile(r"(\d{2}):([0-5]\d):([0-5]\d)([:;.])(\d{2,3})", re.ASCII)
DROPPED_A_MINUTE = Fraction(2, 30)
"""Numbers that are left out, as a share of the frames that are counted to a second."""


def can_drop(rate: Fraction) -> bool:
    """Whether timecode of this rate may leave out numbers: 29.97 and its multiples."""
    counted = rate / NTSC
    return counted.denominator == 1 and counted % 30 == 0


def is_countable(rate: Fraction) -> bool:
    """Whether timecode keeps time with a rate: a whole number, or one times 1000/1001."""
    return rate.denominator == 1 or (rate / NTSC).denominator == 1


@dataclass(frozen=True, slots=True)
class TimecodeBase:
    """How frames are counted.

    Attributes:
        frames: counted to a second.
        drop: whether numbers are left out.
    """

    frames: int
    drop: bool = False

    @classmethod
    def of(cls, rate: Fraction, *, drop: bool = False) -> TimecodeBase:
        """How a film of this rate is counted; numbers are left out only where the rate allows it."""
        return cls(math.ceil(rate), drop and can_drop(rate))

    def text(self, count: int) -> str:
        """The timecode of a frame, by its count from 00:00:00:00; after 24 hours it begins again."""
        count %= self.frames_a_day
        if self.drop:
            tens, rest = divmod(count, self._in_ten_minutes)
            # The first minute of ten is whole; each later one begins with numbers that are left out.
            minutes = max(rest - self._dropped, 0) // self._in_a_minute
            count += self._dropped * (9 * tens + minutes)
        seconds, frame = divmod(count, self.frames)
        digits = 2 if self.frames <= 100 else 3
        clock = f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}"
        return f"{clock}{';' if self.drop else ':'}{frame:0{digits}}"

    def count(self, text: str) -> int:
        """The count of a frame from 00:00:00:00, by its timecode; the mark before the frames does not matter.

        Raises:
            ValueError: it is no timecode, or one that this base does not have.
        """
        written = _WRITTEN.fullmatch(text)
        if written is None:
            raise ValueError(f"{text!r} is no timecode such as 01:00:00:00")
        hours, minutes, seconds, frame = (int(written[part]) for part in (1, 2, 3, 5))
        if hours > 23 or frame >= self.frames:
            raise ValueError(f"{text} is no timecode: there are 24 hours and {self.frames} frames a second")
        count = (3600 * hours + 60 * minutes + seconds) * self.frames + frame
        if not self.drop:
            return count
        if minutes % 10 and not seconds and frame < self._dropped:
            first = f"{text[:8]};{self._dropped:02}"
            raise ValueError(f"{text} is left out in drop-frame timecode: that minute begins at {first}")
        minute = 60 * hours + minutes
        return count - self._dropped * (minute - minute // 10)

    @property
    def frames_a_day(self) -> int:
        """How many frames have a timecode of their own."""
        return 24 * 6 * self._in_ten_minutes

    @property
    def _dropped(self) -> int:
        return int(self.frames * DROPPED_A_MINUTE) if self.drop else 0

    @property
    def _in_a_minute(self) -> int:
        return 60 * self.frames - self._dropped

    @property
    def _in_ten_minutes(self) -> int:
        return 600 * self.frames - 9 * self._dropped


def is_timecode(text: str) -> bool:
    """Whether a text has the form of a timecode."""
    return _WRITTEN.fullmatch(text) is not None


def is_drop_frame(text: str) -> bool:
    """Whether a timecode is written as drop-frame."""
    return len(text) > 8 and text[8] == ";"
