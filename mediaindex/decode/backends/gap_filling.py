"""Where pictures are wanted in a gap between two keyframes: at equal distances, none longer than allowed."""

from __future__ import annotations

import math

# A remainder so small (in gaps) does not ask for one more picture.
SLACK = 0.05


class GapFilling:
    """The times at which pictures fill the gap that is being read.

    Attributes:
        anchor_seconds: the picture that the gap is counted from: a keyframe, or the last that fills the gap.
    """

    def __init__(self, spacing_seconds: float) -> None:
        self.anchor_seconds = float("-inf")
        self._next_seconds = float("inf")
        self._spacing_seconds = spacing_seconds

    def begin(self, keyframe_seconds: float) -> None:
        """Count from a keyframe."""
        self.anchor_seconds = keyframe_seconds

    def space(self, seconds: float) -> None:
        """Ask for a picture at every such distance, however long the gap becomes."""
        self._spacing_seconds = seconds
        self._next_seconds = self.anchor_seconds + seconds

    def divide(self, end_seconds: float, gap_seconds: float) -> float:
        """How many pictures divide what is left until `end_seconds` into equal parts of at most a gap.

        6.8 s with a gap of 3.4 s are two parts, which one picture divides. Infinite where the anchor is not
        known.
        """
        rest = end_seconds - self.anchor_seconds
        if not math.isfinite(rest):
            return rest
        parts = max(1, math.ceil(rest / gap_seconds - SLACK))
        self.space(rest / parts)
        return parts - 1

    def takes(self, seconds: float) -> bool:
        """Whether the picture at this time fills the gap; it is the anchor of the rest then."""
        if seconds < self._next_seconds:
            return False
        self.anchor_seconds = seconds
        self._next_seconds = max(self._next_seconds + self._spacing_seconds, seconds)
        return True
