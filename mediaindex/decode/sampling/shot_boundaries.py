"""Shot boundaries: pictures in, times of cuts out.

A cut is a shot boundary without a transition. Two pictures are compared by the histograms of their blocks:
a moving subject changes few blocks, a cut changes most.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from functools import cache
from statistics import median

import numpy as np
from numpy.typing import NDArray

BLOCKS = 4
BINS = 8
LEVELS = 256

# A cut changes at least this much of the picture from one frame to the next ...
CUT_DIFFERENCE = 0.30
# ... and this many times more than its neighbours do, which change where the camera or the subject is fast.
CUT_CONTRAST = 2.5
CONTEXT_PICTURES = 12
# Pictures after a change that tell a cut from a flash.
LOOK_AHEAD = 2
SHORTEST_SHOT_SECONDS = 0.3

Histogram = NDArray[np.float32]


def block_histogram(thumbnail: NDArray[np.uint8]) -> Histogram:
    """Block histograms of a (36, 64, 3) thumbnail: (blocks, channels x bins), rows sum to 1.

    A value is shared between its two nearest bins, so that a fade moves weight gradually, where with hard
    bins a flat area would jump from one bin to the next.
    """
    height, width, channels = thumbnail.shape
    blocks = thumbnail.reshape(BLOCKS, height // BLOCKS, BLOCKS, width // BLOCKS, channels)
    size = BLOCKS * BLOCKS * channels
    counts = np.bincount((blocks + _first_slots(channels)).ravel(), minlength=size * LEVELS)
    histograms = counts.reshape(size, LEVELS).astype(np.float32) @ _shares_of_bins()
    pixels = np.float32(thumbnail.size / BLOCKS**2)
    return np.asarray(histograms.reshape(BLOCKS * BLOCKS, channels * BINS) / pixels, np.float32)


@cache
def _first_slots(channels: int) -> NDArray[np.intp]:
    """(BLOCKS, 1, BLOCKS, 1, channels): where the levels of a channel of a block are counted."""
    block = np.arange(BLOCKS)[:, None, None, None, None] * BLOCKS + np.arange(BLOCKS)[:, None, None]
    return (block * channels + np.arange(channels)) * LEVELS


@cache
def _shares_of_bins() -> NDArray[np.float32]:
    """(LEVELS, BINS): how a level is shared between its two nearest bins."""
    position = np.clip(np.arange(LEVELS) / (LEVELS / BINS) - 0.5, 0, BINS - 1)
    return np.asarray(np.maximum(1 - np.abs(position[:, None] - np.arange(BINS)), 0), np.float32)


def difference(one: Histogram, other: Histogram) -> float:
    """How unlike two pictures are, 0 to 1: mean over the half of the blocks that changed most.

    The other half may be letterbox bars or a still background, where a cut is not visible.
    """
    changed = np.sort(np.abs(one - other).sum(axis=1) / 2)
    return float(changed[len(changed) // 2 :].mean())


@dataclass(frozen=True, slots=True)
class _PendingPicture:
    seconds: float
    histogram: Histogram
    difference: float


class CutDetector:
    """Finds cuts in pictures that are added in ascending time.

    Attributes:
        cuts: times of the first pictures of new shots, as far as they are settled.
    """

    def __init__(self) -> None:
        self.cuts: list[float] = []
        self._recent: deque[float] = deque(maxlen=CONTEXT_PICTURES)
        self._before: Histogram | None = None
        self._pending: list[_PendingPicture] = []
        self._pending_from: Histogram | None = None

    def add(self, seconds: float, picture: Histogram, *, steps: int) -> bool:
        """Take the next picture; True where a new shot may begin with it.

        Args:
            steps: how many pictures on from the one before, 1 for its direct successor; only then can
                a shot begin here. 0 where what lies between is unknown.
        """
        begins = False
        if steps == 0:
            self.settle()
            self._recent.clear()
        else:
            assert self._before is not None
            change = difference(self._before, picture)
            begins = steps == 1 and not self._pending and self._stands_out(change)
            if begins:
                self._pending_from = self._before
            if begins or self._pending:
                self._pending.append(_PendingPicture(seconds, picture, change))
                if len(self._pending) > LOOK_AHEAD:
                    self.settle()
            else:
                self._recent.append(change / steps)
        self._before = picture
        return begins

    def settle(self) -> None:
        """Decide whether the pending change is a cut, with the pictures seen so far."""
        if not self._pending:
            return
        assert self._pending_from is not None
        first, *later = self._pending
        lasting = difference(self._pending_from, self._pending[-1].histogram) > CUT_DIFFERENCE
        calm = not later or first.difference > CUT_CONTRAST * min(seen.difference for seen in later)
        if lasting and calm and (not self.cuts or first.seconds - self.cuts[-1] >= SHORTEST_SHOT_SECONDS):
            self.cuts.append(first.seconds)
            self._recent.clear()
        self._recent.extend(seen.difference for seen in later)
        self._pending = []

    def _stands_out(self, change: float) -> bool:
        usual = median(self._recent) if self._recent else 0.0
        return change > max(CUT_DIFFERENCE, CUT_CONTRAST * usual)
