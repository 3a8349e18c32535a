"""Shots and sampled frames → segments of at most 30 s and 12 frames."""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from mediaindex.media import SEGMENT_FRAMES, SEGMENT_SECONDS, Segment


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

    Each frame belongs to exactly one segment. A shot without a frame joins the shot after it; a stretch
    of more than 30 s around a single frame is trimmed to 30 s, since nothing is known of the rest.

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
    """The shot in equal parts; in unequal ones if an equal part had no frame or too many."""
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
            before, after = stretch.frames[middle - 1 : middle + 1]
            between = (before + after) / 2
            # Of neighbouring floats, half the sum is one of the two.
            waiting.extend(reversed(stretch.split(between if between > before else after)))


def _trimmed(stretch: _Stretch) -> _Stretch:
    """30 s with the single frame, from the start of the stretch if they reach it, else from the frame."""
    (frame,) = stretch.frames
    start = stretch.start if frame - stretch.start < SEGMENT_SECONDS else frame
    return _Stretch(start, min(stretch.stop, start + SEGMENT_SECONDS), stretch.frames)
