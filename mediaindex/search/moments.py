"""Segments that answer → moments: a run of neighbouring shots with its best frame."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mediaindex.search.similarity import similarities, unit
from mediaindex.store.catalog.lookup import IndexedVideo, SegmentRow

LESS = 0.1
"""A neighbour answers where its similarity is less than the best one's by at most this share."""

ALIKE = 0.9
"""Neighbours are one moment where the cosine of their mean frames is at least this."""

TOUCHING_SECONDS = 0.05


@dataclass(frozen=True, slots=True)
class Moment:
    """A stretch of a video that answers, in seconds.

    Attributes:
        similarity: of its best segment, None where only words found it.
        best_frame: ordinal in the extraction, None where it has no frames.
    """

    video_id: int
    segment_id: int | None
    start_seconds: float
    end_seconds: float
    best_seconds: float
    best_frame: int | None
    similarity: float | None


@dataclass(frozen=True, slots=True)
class ScoredSegment:
    """A segment with what the query made of it."""

    row: SegmentRow
    similarity: float
    best_offset: int
    mean: NDArray[np.float32]


def scored_segments(
    video: IndexedVideo, frames: NDArray[np.float32], query: NDArray[np.float32], blend: float
) -> list[ScoredSegment]:
    """Every segment of a video with its similarity, in order of time.

    Args:
        frames: (F, D) unit rows, all frames of the video by ordinal.
    """
    seconds = np.array([time for row in video.segments for time in row.frames])
    bounds = np.array([(row.start_seconds, row.end_seconds) for row in video.segments])
    firsts = [row.first_frame for row in video.segments]
    values = similarities(frames, seconds, query, bounds, firsts, blend=blend)
    scored = []
    for row, value in zip(video.segments, values.tolist(), strict=True):
        own = frames[row.first_frame : row.first_frame + len(row.frames)]
        scored.append(ScoredSegment(row, value, int(np.argmax(own @ query)), unit(own.mean(axis=0))))
    return scored


def moments_of(video: IndexedVideo, segments: Sequence[ScoredSegment]) -> list[Moment]:
    """The moments of one video, best first; every segment belongs to exactly one."""
    taken: set[int] = set()
    found = []
    for position in sorted(range(len(segments)), key=lambda n: (-segments[n].similarity, n)):
        if position in taken:
            continue
        first = _reach(segments, position, -1, taken)
        last = _reach(segments, position, +1, taken)
        taken.update(range(first, last + 1))
        found.append(_moment(video, segments, first, position, last))
    return found


def _reach(segments: Sequence[ScoredSegment], start: int, step: int, taken: set[int]) -> int:
    """How far the moment of `start` goes on in one direction."""
    best, here = segments[start], start
    while 0 <= (following := here + step) < len(segments) and following not in taken:
        left, right = sorted((here, following))
        apart = segments[right].row.start_seconds - segments[left].row.end_seconds
        answers = segments[following].similarity >= best.similarity - LESS * abs(best.similarity)
        alike = float(segments[here].mean @ segments[following].mean) >= ALIKE
        if apart > TOUCHING_SECONDS or not (answers and alike):
            break
        here = following
    return here


def _moment(
    video: IndexedVideo, segments: Sequence[ScoredSegment], first: int, best: int, last: int
) -> Moment:
    chosen = segments[best]
    return Moment(
        video_id=video.video_id,
        segment_id=chosen.row.id,
        start_seconds=segments[first].row.start_seconds,
        end_seconds=segments[last].row.end_seconds,
        best_seconds=chosen.row.frames[chosen.best_offset],
        best_frame=chosen.row.first_frame + chosen.best_offset,
        similarity=chosen.similarity,
    )
