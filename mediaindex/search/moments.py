"""Scored segments → moments: a run of neighbouring segments that answer, with its best frame."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from mediaindex.search.similarity import similarities, unit
from mediaindex.store.catalog.lookup import IndexedVideo, SegmentRow

Item = TypeVar("Item")

# A neighbour belongs to a moment where its similarity is at most this share below that of the best segment,
MARGIN = 0.1
# where the cosine between its mean frame and that of the segment beside it is at least this,
LEAST_COSINE = 0.9
# and where at most this much time lies between them.
GAP_SECONDS = 0.05


@dataclass(frozen=True, slots=True)
class Moment:
    """A stretch of a video that answers, in seconds.

    Attributes:
        segment_id: of its best segment, None where the video is not indexed.
        best_seconds, best_frame: time of its best frame, and its ordinal in the extraction, None without one.
        similarity: of its best segment, None where only words found it.
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
    """A segment with its similarity to a query.

    Attributes:
        best_offset: the most similar of its frames, from 0. mean: (D,) unit, of its frames.
    """

    row: SegmentRow
    similarity: float
    best_offset: int
    mean: NDArray[np.float32]


def scored_segments(
    video: IndexedVideo, frames: NDArray[np.float32], query: NDArray[np.float32], blend: float
) -> list[ScoredSegment]:
    """Every segment of a video with its similarity, in order of time.

    Args:
        frames: (F, D) unit rows, all frames of the video by ordinal. query: (D,) unit.
        blend: weight of the best frames, 0..1, as `similarity.similarities` has it.
    """
    seconds = np.array([time for row in video.segments for time in row.frames])
    bounds = np.array([(row.start_seconds, row.end_seconds) for row in video.segments])
    firsts = [row.first_frame for row in video.segments]
    values = similarities(frames, seconds, query, bounds, firsts, blend=blend)
    segments = []
    for row, similarity in zip(video.segments, values.tolist(), strict=True):
        own = frames[row.first_frame : row.first_frame + len(row.frames)]
        segments.append(ScoredSegment(row, similarity, int(np.argmax(own @ query)), unit(own.mean(axis=0))))
    return segments


def moments_of(video: IndexedVideo, segments: Sequence[ScoredSegment]) -> list[Moment]:
    """The moments of one video, best first; every segment belongs to exactly one.

    Args:
        segments: all of them, in order of time.
    """
    taken: set[int] = set()
    moments = []
    for position in sorted(range(len(segments)), key=lambda n: (-segments[n].similarity, n)):
        if position in taken:
            continue
        first = _end_of_run(segments, position, -1, taken)
        last = _end_of_run(segments, position, +1, taken)
        taken.update(range(first, last + 1))
        moments.append(_moment(video, segments, first, position, last))
    return moments


def within_each_video(
    items: Iterable[Item], video_of: Callable[[Item], int], per_video: int | None
) -> Iterator[Item]:
    """The first `per_video` items of each video in their order, None for any number."""
    counts: dict[int, int] = {}
    for item in items:
        video_id = video_of(item)
        counts[video_id] = counts.get(video_id, 0) + 1
        if per_video is None or counts[video_id] <= per_video:
            yield item


def _end_of_run(segments: Sequence[ScoredSegment], start: int, step: int, taken: set[int]) -> int:
    """The last segment of the moment of `start` in one direction, -1 or +1."""
    best, end = segments[start], start
    while 0 <= (following := end + step) < len(segments) and following not in taken:
        left, right = sorted((end, following))
        gap = segments[right].row.start_seconds - segments[left].row.end_seconds
        answers = segments[following].similarity >= best.similarity - MARGIN * abs(best.similarity)
        looks_alike = float(segments[end].mean @ segments[following].mean) >= LEAST_COSINE
        if gap > GAP_SECONDS or not (answers and looks_alike):
            break
        end = following
    return end


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
