"""How well each frame of one video answers a query, and where it does best: for a strip along its time."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import sqlalchemy as sa
from numpy.typing import NDArray

from mediaindex.store.catalog import lookup
from mediaindex.store.mapped.snapshot import SpaceSnapshot

PEAK_SHARE = 0.9
"""A peak is above this share of the video's frames,"""
PEAK_SECONDS = 10.0
"""and so far from every better one."""


@dataclass(frozen=True, slots=True)
class Peak:
    """A frame that answers better than all around it."""

    seconds: float
    score: float


@dataclass(frozen=True, slots=True)
class Profile:
    """One query along one video.

    Attributes:
        seconds, scores: of each sampled frame, its time and its cosine with the query.
        bounds: start and end of each segment, seconds. cuts: where a shot begins, seconds.
        peaks: best first.
    """

    seconds: tuple[float, ...]
    scores: tuple[float, ...]
    bounds: tuple[tuple[float, float], ...]
    cuts: tuple[float, ...]
    peaks: tuple[Peak, ...]


def profile_of(
    connection: sa.Connection, space: SpaceSnapshot, space_id: int, video_id: int, query: NDArray[np.float32]
) -> Profile | None:
    """The profile of a video, None where it is not visible in the space.

    Args:
        space: what the connection's snapshot shows. query: (D,) unit.
    """
    video = lookup.indexed_videos(connection, space_id, [video_id]).get(video_id)
    own = space.of_video(video_id)
    if video is None or not own:
        return None
    segments = space.segments[own.start : own.stop]
    timeline = lookup.timeline(connection, video.extraction_id)
    scores = space.frames(video_id) @ query
    seconds = np.array(timeline.seconds)
    return Profile(
        timeline.seconds,
        tuple(scores.tolist()),
        tuple(zip(segments["start"].tolist(), segments["end"].tolist(), strict=True)),
        timeline.cuts,
        peaks(seconds, scores),
    )


def peaks(seconds: NDArray[np.float64], scores: NDArray[np.float32]) -> tuple[Peak, ...]:
    """The frames that stand out, best first.

    Args:
        seconds: (F,) ascending. scores: (F,) of the frames.
    """
    if not len(scores):
        return ()
    least = np.quantile(scores, PEAK_SHARE)
    found: list[Peak] = []
    for place in np.argsort(-scores, kind="stable").tolist():
        if scores[place] < least:
            break
        if all(abs(seconds[place] - peak.seconds) >= PEAK_SECONDS for peak in found):
            found.append(Peak(float(seconds[place]), float(scores[place])))
    return tuple(found)
