"""The frame by which each moment of an answer is shown: its time, and where its picture is kept."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import sqlalchemy as sa

from mediaindex.search.channels.fusion import FusedMoment
from mediaindex.store.catalog import lookup
from mediaindex.store.catalog.lookup import IndexedVideo


@dataclass(frozen=True, slots=True)
class ShownMoment:
    """A moment of an answer with its frame.

    Attributes:
        best_seconds: when the frame is shown; the start of a moment of which there is none.
        frame_file: of the frame cache, None where the video is not indexed.
    """

    fused: FusedMoment
    best_seconds: float
    frame_file: str | None


def with_frames(
    connection: sa.Connection, moments: Sequence[FusedMoment], videos: Mapping[int, IndexedVideo]
) -> list[ShownMoment]:
    """The moments with their frames, in their order.

    Args:
        videos: the moments' videos, as far as they are indexed.
    """
    return [_with_frame(connection, fused, videos.get(fused.moment.video_id)) for fused in moments]


def _with_frame(connection: sa.Connection, fused: FusedMoment, video: IndexedVideo | None) -> ShownMoment:
    moment = fused.moment
    if video is None:
        return ShownMoment(fused, moment.start_seconds, None)
    if fused.is_cue:
        return _with_frame_of_cue(connection, fused, video)
    if moment.best_frame is None:  # nobody looked: the first frame stands for the file
        return ShownMoment(
            replace(fused, moment=replace(moment, best_frame=0)), moment.start_seconds, video.frame_file
        )
    seconds = lookup.seconds_of(connection, video.extraction_id, moment.best_frame)
    return ShownMoment(fused, moment.start_seconds if seconds is None else seconds, video.frame_file)


def _with_frame_of_cue(connection: sa.Connection, fused: FusedMoment, video: IndexedVideo) -> ShownMoment:
    """A line of a subtitle is shown by the frame nearest to its start."""
    moment = fused.moment
    found = lookup.frame_at(connection, video.extraction_id, moment.start_seconds)
    if found is None:
        return ShownMoment(fused, moment.start_seconds, video.frame_file)
    similarity = None
    if fused.seen is not None and fused.seen.segment_id == found.segment_id:
        similarity = fused.seen.similarity
    placed = replace(moment, segment_id=found.segment_id, best_frame=found.ordinal, similarity=similarity)
    seconds = min(max(found.seconds, moment.start_seconds), moment.end_seconds)
    return ShownMoment(replace(fused, moment=placed), seconds, video.frame_file)
