"""Shots and sampled frames → segments of at most 30 s and 12 frames; longer only where nothing changes."""

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

    Each frame belongs to exactly one segment. A shot without a frame joins the shot after it. A frame
    stands until the next one or its shot's end; where that is more than 30 s, it is a segment of its own for
    as long as it stands. So a segment of more than 30 s has one frame. Of more than 30 s before the first
    frame of a shot nothing is known, and they belong to no segment.

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
        for stretch in _stills_apart(_Stretch(start, stop, frame_seconds[first:last])):
            for part in _split_evenly(stretch):
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
        is_short = self.stop - self.start <= SEGMENT_SECONDS and len(self.frames) <= SEGMENT_FRAMES
        return is_short or len(self.frames) == 1

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


def _stills_apart(shot: _Stretch) -> Iterator[_Stretch]:
    """The shot, with every frame that stands for more than 30 s apart from what is before and after it."""
    start = shot.start if shot.frames[0] - shot.start <= SEGMENT_SECONDS else shot.frames[0]
    rest = _Stretch(start, shot.stop, shot.frames)
    for frame, following in pairwise([*shot.frames, shot.stop]):
        if following - frame <= SEGMENT_SECONDS:
            continue
        if frame > rest.frames[0]:
            before, rest = rest.split(frame)
            yield before
        still, rest = rest.split(following)
        yield still
    if rest.frames:
        yield rest


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
        else:
            middle = len(stretch.frames) // 2
            if len(stretch.frames) <= SEGMENT_FRAMES:
                gaps = [after - before for before, after in pairwise(stretch.frames)]
                middle = gaps.index(max(gaps)) + 1
            waiting.extend(reversed(stretch.split(stretch.frames[middle])))
