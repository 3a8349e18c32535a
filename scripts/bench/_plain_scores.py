"""Similarity straight from its definition: segment by segment, from all frames of one video.

    similarity = w · the mean cosine of the best frames + (1 − w) · the cosine of the mean frame

`mediaindex.search.channels.similarity` computes the same from the cosines of a whole library.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mediaindex.search.channels.similarity import unit
from mediaindex.store.catalog import lookup
from mediaindex.store.catalog.lookup import SegmentRow
from mediaindex.store.library import Library
from mediaindex.store.mapped.visible import read_visible
from mediaindex.store.vectors.spaces import Space, extractions_of

BEST_FRAMES = 3
AROUND = "30 s around"
MEANS = ("segment", AROUND, "whole video")


@dataclass(frozen=True, slots=True, eq=False)
class PlainVideo:
    """All that a similarity depends on.

    Attributes:
        segments: in order of time. frames: (F, D) float32 unit rows, by ordinal.
    """

    video_id: int
    segments: tuple[SegmentRow, ...]
    frames: NDArray[np.float32]


def read_videos(library: Library, space: Space, video_ids: Collection[int]) -> dict[int, PlainVideo]:
    """What is visible in a space of these videos, read from SQLite and LanceDB, by video."""
    with library.read() as connection:
        shown = read_visible(connection, space.id)
        generation_of = dict(zip(shown.video.tolist(), shown.generation.tolist(), strict=True))
        generations = [generation_of[video] for video in video_ids if video in generation_of]
        extraction_of = extractions_of(connection, space.id, generations)
        segments = lookup.segments_of(connection, list(extraction_of.values()))
    rows = library.vectors(space).read(generations)
    videos = {}
    for video in video_ids:
        if video in generation_of:
            generation = generation_of[video]
            own = rows.take(rows.generation == generation)
            frames = own.vector[np.argsort(own.frame)].astype(np.float32)
            videos[video] = PlainVideo(video, segments[extraction_of[generation]], frames)
    return videos


def similarities(
    video: PlainVideo,
    query: NDArray[np.float32],
    *,
    blend: float,
    best: int = BEST_FRAMES,
    mean: str = AROUND,
) -> NDArray[np.float32]:
    """Similarity of each segment to a query, (S,).

    Args:
        query: (D,) unit. blend: w, 0..1. best: how many best frames count. mean: of which frames, of `MEANS`.
    """
    seconds = np.array([time for segment in video.segments for time in segment.frames])
    values = []
    for segment in video.segments:
        own = video.frames[segment.first_frame : segment.first_frame + len(segment.frames)]
        start, end = _around(segment, float(seconds[-1]))
        near = video.frames[(seconds >= start) & (seconds <= end)]
        averaged = {"segment": own, AROUND: near, "whole video": video.frames}[mean]
        of_best = np.sort(own @ query)[-best:].mean()
        of_mean = unit(averaged.mean(axis=0, dtype=np.float64)) @ query
        values.append(blend * of_best + (1 - blend) * of_mean)
    return np.array(values, np.float32)


def _around(segment: SegmentRow, end: float) -> tuple[float, float]:
    """The 30 s around a segment, moved inside 0..end, never less than the segment itself."""
    middle = (segment.start_seconds + segment.end_seconds) / 2
    start = min(max(middle - 15.0, 0.0), max(end - 30.0, 0.0))
    return min(start, segment.start_seconds), max(start + 30.0, segment.end_seconds)
