"""The frame by which each moment of an answer is shown: its time, and where its picture is kept."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import sqlalchemy as sa

from mediaindex.search.channels.fusion import FusedMoment
from mediaindex.store.catalog import lookup
from mediaindex.store.catalog.lookup import IndexedVideo


class SequencePart(NamedTuple):
    """One part of a sequence; field names are those of the JSON."""

    start_seconds: float
    end_seconds: float
    best_seconds: float
    similarity: float


class ShownMoment(NamedTuple):
    """A moment of an answer with its frame.

    Attributes:
        best_seconds: when the frame is shown; the start of a moment of which there is none.
        video: whose frame it is, None where it is not indexed. ordinal: of the frame in the extraction.
        parts: of a sequence, in their order.
    """

    fused: FusedMoment
    best_seconds: float
    video: IndexedVideo | None = None
    ordinal: int = 0
    parts: tuple[SequencePart, ...] = ()


def with_frames(
    connection: sa.Connection,
    moments: Sequence[FusedMoment],
    videos: Mapping[int, IndexedVideo],
    ordinals: Mapping[int, int],
) -> list[ShownMoment]:
    """The moments with their frames, in their order.

    Args:
        videos: the moments' videos, as far as they are indexed.
        ordinals: of the most similar frame of each segment that the pictures show, by its place in the space.
    """
    best = [
        (video.extraction_id, ordinals[fused.seen.place])
        for fused in moments
        if fused.seen is not None and (video := videos.get(fused.moment.video_id)) is not None
        if not fused.is_cue
    ]
    times = lookup.frame_times(connection, best) if best else {}
    shown = []
    for fused in moments:
        video = videos.get(fused.moment.video_id)
        if video is None:
            shown.append(ShownMoment(fused, fused.moment.start_seconds))
        elif fused.is_cue:
            shown.append(_of_cue(connection, fused, video))
        elif fused.seen is None:
            # Of a file that only words found and at whose pictures nobody looked, the first frame is shown.
            shown.append(ShownMoment(fused, fused.moment.start_seconds, video))
        else:
            ordinal = ordinals[fused.seen.place]
            seconds = times.get((video.extraction_id, ordinal), fused.moment.start_seconds)
            shown.append(ShownMoment(fused, seconds, video, ordinal))
    return shown


def _of_cue(connection: sa.Connection, fused: FusedMoment, video: IndexedVideo) -> ShownMoment:
    """A line of a subtitle is shown by the frame nearest to its start."""
    moment, seen = fused.moment, fused.seen
    found = lookup.frame_at(connection, video.extraction_id, moment.start_seconds)
    if found is None:
        return ShownMoment(fused, moment.start_seconds)
    similarity = None
    if seen is not None and seen.moment.segment_id == found.segment_id:
        similarity = seen.moment.similarity
    placed = moment._replace(segment_id=found.segment_id, similarity=similarity)
    seconds = min(max(found.seconds, moment.start_seconds), moment.end_seconds)
    return ShownMoment(fused._replace(moment=placed), seconds, video, found.ordinal)
