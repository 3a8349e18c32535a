"""Moments by the whole partition of a video, segment by segment: what the quicker ways must equal."""

from __future__ import annotations

import numpy as np
from bench._plain_scores import PlainVideo, similarities
from numpy.typing import NDArray

from mediaindex.search.channels.moments import Moment
from mediaindex.search.channels.similarity import unit

MARGIN, LEAST_COSINE, GAP_SECONDS = 0.1, 0.9, 0.05


def plain_moments(video: PlainVideo, query: NDArray[np.float32], *, blend: float) -> list[Moment]:
    """The moments of one video, best first; every segment belongs to exactly one."""
    values = similarities(video, query, blend=blend).tolist()
    taken: set[int] = set()
    moments: list[Moment] = []
    for best in sorted(range(len(values)), key=lambda place: (-values[place], place)):
        if best in taken:
            continue
        first, last = (_end_of_run(video, values, best, step, taken) for step in (-1, +1))
        taken.update(range(first, last + 1))
        moments.append(_moment(video, values, first, best, last))
    return moments


def _end_of_run(video: PlainVideo, values: list[float], best: int, step: int, taken: set[int]) -> int:
    """The last segment of the moment of `best` in one direction, -1 or +1."""
    end = best
    while 0 <= (following := end + step) < len(values) and following not in taken:
        left, right = sorted((end, following))
        gap = video.segments[right].start_seconds - video.segments[left].end_seconds
        answers = values[following] >= values[best] - MARGIN * abs(values[best])
        looks_alike = float(mean_of(video, end) @ mean_of(video, following)) >= LEAST_COSINE
        if gap > GAP_SECONDS or not (answers and looks_alike):
            break
        end = following
    return end


def frames_of(video: PlainVideo, segment: int) -> NDArray[np.float32]:
    row = video.segments[segment]
    return video.frames[row.first_frame : row.first_frame + len(row.frames)]


def mean_of(video: PlainVideo, segment: int) -> NDArray[np.float32]:
    return unit(frames_of(video, segment).mean(axis=0))


def _moment(video: PlainVideo, values: list[float], first: int, best: int, last: int) -> Moment:
    return Moment(
        video_id=video.video_id,
        segment_id=video.segments[best].id,
        start_seconds=video.segments[first].start_seconds,
        end_seconds=video.segments[last].end_seconds,
        similarity=values[best],
    )
