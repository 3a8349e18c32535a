"""Where one shot ends and the next begins, and the segments that follow from it. Pictures in, times out.

Two pictures are compared by histograms of their blocks: a moving subject changes few blocks, a cut most.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import median

import numpy as np
from numpy.typing import NDArray

from mediaindex.media import SEGMENT_FRAMES, SEGMENT_SECONDS, Segment

THUMBNAIL_WIDTH = 64
THUMBNAIL_HEIGHT = 36
BLOCKS = 4
BINS = 8

# A cut changes at least this much of the picture from one frame to the next ...
CUT_DIFFERENCE = 0.30
# ... and this many times more than its neighbours, which shaking and fast subjects change too.
CUT_CONTRAST = 2.5
CONTEXT_PICTURES = 12
# Pictures after a change that tell a cut from a flash.
LOOK_AHEAD = 2
SHORTEST_SHOT_SECONDS = 0.3

Histogram = NDArray[np.float32]


def histogram(thumbnail: NDArray[np.uint8]) -> Histogram:
    """Block histograms of a (36, 64, 3) thumbnail: (blocks, channels x bins), rows sum to 1.

    A value is shared between its two nearest bins, so that a fade moves weight little by little where
    hard bins would let a flat area jump at once.
    """
    height, width, channels = thumbnail.shape
    blocks = thumbnail.reshape(BLOCKS, height // BLOCKS, BLOCKS, width // BLOCKS, channels)
    block = np.arange(BLOCKS)[:, None, None, None, None] * BLOCKS + np.arange(BLOCKS)[:, None, None]
    slot = (block * channels + np.arange(channels)) * BINS
    position = np.clip(blocks.astype(np.float32) / (256 / BINS) - 0.5, 0, BINS - 1)
    lower = np.minimum(position.astype(np.intp), BINS - 2)
    upper_share = (position - lower).ravel()
    index = (slot + lower).ravel()
    size = BLOCKS * BLOCKS * channels * BINS
    counts = np.bincount(index, 1 - upper_share, size)
    counts[1:] += np.bincount(index, upper_share, size)[:-1]
    pixels = thumbnail.size / BLOCKS**2
    return (counts.reshape(BLOCKS * BLOCKS, channels * BINS) / pixels).astype(np.float32)


def difference(one: Histogram, other: Histogram) -> float:
    """How unlike two pictures are, 0 to 1: mean over the half of the blocks that changed most.

    The other half may be letterbox bars or a still background, in which a cut cannot show.
    """
    changed = np.sort(np.abs(one - other).sum(axis=1) / 2)
    return float(changed[len(changed) // 2 :].mean())


@dataclass(frozen=True, slots=True)
class _Seen:
    seconds: float
    histogram: Histogram
    difference: float


class CutDetector:
    """Finds cuts in pictures that are added in ascending time.

    Attributes:
        cuts: first moments of new shots, settled so far.
    """

    def __init__(self) -> None:
        self.cuts: list[float] = []
        self._recent: deque[float] = deque(maxlen=CONTEXT_PICTURES)
        self._before: Histogram | None = None
        self._pending: list[_Seen] = []
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
                self._pending.append(_Seen(seconds, picture, change))
                if len(self._pending) > LOOK_AHEAD:
                    self.settle()
            else:
                self._recent.append(change / steps)
        self._before = picture
        return begins

    def settle(self) -> None:
        """Decide on what is pending with what was seen so far."""
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


def thin(seconds: Sequence[float], limit: int) -> list[int]:
    """Indices of at most `limit` values spread evenly, the first and last among them where two fit."""
    if len(seconds) <= limit:
        return list(range(len(seconds)))
    if limit == 1:
        return [len(seconds) // 2]
    return [round(i * (len(seconds) - 1) / (limit - 1)) for i in range(limit)]


def cut_into_segments(
    cuts: Sequence[float], frame_seconds: Sequence[float], duration_seconds: float
) -> list[Segment]:
    """Segments that follow the cuts, at most 30 s and 12 frames long, over the whole duration.

    Each frame belongs to exactly one. A shot without a frame joins the one after it; a stretch
    of more than 30 s around a lone frame is trimmed to 30 s, since nothing is known of the rest.

    Args:
        frame_seconds: ascending times of the sampled frames.
    """
    if not frame_seconds:
        return []
    end = max(duration_seconds, frame_seconds[-1])
    edges = [0.0, *(cut for cut in cuts if 0.0 < cut < end), end]
    segments: list[Segment] = []
    first = 0
    for start, stop in _shots_with_frames(edges, frame_seconds):
        last = len(frame_seconds) if stop == end else bisect_left(frame_seconds, stop)
        for part in _split_evenly(_Stretch(start, stop, frame_seconds[first:last])):
            segments.append(Segment(part.start, part.stop, first, len(part.frames)))
            first += len(part.frames)
    return segments


@dataclass(frozen=True, slots=True)
class _Stretch:
    start: float
    stop: float
    frames: Sequence[float]

    @property
    def fits(self) -> bool:
        return self.stop - self.start <= SEGMENT_SECONDS and len(self.frames) <= SEGMENT_FRAMES

    def split(self, at: float) -> tuple[_Stretch, _Stretch]:
        index = bisect_left(self.frames, at)
        return (
            _Stretch(self.start, at, self.frames[:index]),
            _Stretch(at, self.stop, self.frames[index:]),
        )


def _shots_with_frames(edges: Sequence[float], frames: Sequence[float]) -> Iterator[tuple[float, float]]:
    start = edges[0]
    for stop in edges[1:]:
        is_last = stop == edges[-1]
        inside = bisect_left(frames, start) < (len(frames) if is_last else bisect_left(frames, stop))
        rest_has_frames = is_last or bisect_left(frames, stop) < len(frames)
        if inside and rest_has_frames:
            yield start, stop
            start = stop


def _split_evenly(shot: _Stretch) -> Iterator[_Stretch]:
    """The shot in equal parts; where a part has no frame, or too many, in unequal ones."""
    parts = max(
        math.ceil((shot.stop - shot.start) / SEGMENT_SECONDS), math.ceil(len(shot.frames) / SEGMENT_FRAMES)
    )
    if parts <= len(shot.frames):
        edges = [shot.start + (shot.stop - shot.start) * i / parts for i in range(1, parts)]
        stretches, rest = [], shot
        for edge in edges:
            stretch, rest = rest.split(edge)
            stretches.append(stretch)
        stretches.append(rest)
        if all(stretch.frames and stretch.fits for stretch in stretches):
            yield from stretches
            return
    yield from _split_at_gaps(shot)


def _split_at_gaps(shot: _Stretch) -> Iterator[_Stretch]:
    waiting = [shot]
    while waiting:
        stretch = waiting.pop()
        if stretch.fits:
            yield stretch
        elif len(stretch.frames) == 1:
            yield _trimmed(stretch)
        else:
            middle = len(stretch.frames) // 2
            if len(stretch.frames) <= SEGMENT_FRAMES:
                gaps = [after - before for before, after in pairwise(stretch.frames)]
                middle = gaps.index(max(gaps)) + 1
            waiting.extend(reversed(stretch.split(sum(stretch.frames[middle - 1 : middle + 1]) / 2)))


def _trimmed(stretch: _Stretch) -> _Stretch:
    """30 s that begin where the lone frame is, or as early as they can and still hold it."""
    (frame,) = stretch.frames
    start = stretch.start if frame - stretch.start < SEGMENT_SECONDS else frame
    return _Stretch(start, min(stretch.stop, start + SEGMENT_SECONDS), stretch.frames)
