"""The moments that notes are about: stored as a video and seconds, shown as a path and a segment.

A segment's id changes whenever its video is decoded anew, so notes store seconds, and the segment is looked
up when they are read.

Every function takes a connection inside a transaction of `Library.read` or `Library.write`.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

import sqlalchemy as sa
from sqlalchemy import Connection

from mediaindex.errors import UsageError
from mediaindex.safe_text import format_seconds
from mediaindex.store.catalog import lookup
from mediaindex.store.catalog.database import active_space_id, in_chunks
from mediaindex.store.catalog.schema import location, segment

PRINTED_SECONDS = 0.1


class Stretch(NamedTuple):
    """A segment, as a search of the serving space names it."""

    id: int
    start_seconds: float
    end_seconds: float


def stretch_at(connection: Connection, video_id: int, seconds: float) -> Stretch | None:
    """The segment around a time of a video, else the nearest; None where the video was not decoded yet.

    It is of what serves searches, else of the newest decoding.
    """
    return stretches_at(connection, video_id, [seconds])[0]


def stretches_at(connection: Connection, video_id: int, times: Iterable[float]) -> list[Stretch | None]:
    """`stretch_at` of each of some times of a video."""
    extraction_id = _extraction(connection, video_id)
    found: list[Stretch | None] = []
    for seconds in times:
        frame = None if extraction_id is None else lookup.frame_at(connection, extraction_id, seconds)
        if frame is None:
            found.append(None)
            continue
        here = sa.select(segment.c.id, segment.c.start_seconds, segment.c.end_seconds)
        row = connection.execute(here.where(segment.c.id == frame.segment_id)).one()
        found.append(Stretch(*row))
    return found


def segment_at(connection: Connection, video_id: int, seconds: float) -> int | None:
    """The id of the segment that `stretch_at` finds."""
    stretch = stretch_at(connection, video_id, seconds)
    return None if stretch is None else stretch.id


def segments_at(
    connection: Connection, moments: Iterable[tuple[int, float]]
) -> dict[tuple[int, float], int | None]:
    """`segment_at` of each (video, seconds)."""
    wanted = dict.fromkeys(moments)
    extractions = {video_id: _extraction(connection, video_id) for video_id, _seconds in wanted}
    found: dict[tuple[int, float], int | None] = {}
    for video_id, seconds in wanted:
        extraction_id = extractions[video_id]
        frame = None if extraction_id is None else lookup.frame_at(connection, extraction_id, seconds)
        found[video_id, seconds] = None if frame is None else frame.segment_id
    return found


def served_segment_at(connection: Connection, video_id: int, seconds: float) -> int | None:
    """The segment around a time of a video, else the nearest, that the serving space shows; None without."""
    active = active_space_id(connection)
    shown = {} if active is None else lookup.indexed_videos(connection, active, [video_id])
    if video_id not in shown:
        return None
    frame = lookup.frame_at(connection, shown[video_id].extraction_id, seconds)
    return None if frame is None else frame.segment_id


def as_printed(connection: Connection, video_id: int, seconds: float) -> float:
    """What a typed time means: times are printed in tenths, and a segment may begin just behind one."""
    extraction_id = _extraction(connection, video_id)
    begins = sa.select(sa.func.min(segment.c.start_seconds)).where(
        segment.c.extraction_id == extraction_id,
        segment.c.start_seconds > seconds,
        segment.c.start_seconds < seconds + PRINTED_SECONDS,
    )
    beginning = connection.execute(begins).scalar()
    return seconds if beginning is None else float(beginning)


def checked_length(connection: Connection, video_id: int, seconds: float) -> float:
    """The length of a video, 0 where it is not known.

    Raises:
        UsageError: the video is gone, or ends before `seconds`.
    """
    length = lookup.durations(connection, [video_id]).get(video_id)
    if length is None:
        raise UsageError("the video was removed from the library meanwhile")
    if length and seconds > length:
        raise UsageError(f"the video ends at {format_seconds(length)}, before {format_seconds(seconds)}")
    return length


def paths_of(connection: Connection, video_ids: Iterable[int]) -> dict[int, Path]:
    """Where to find these videos: the oldest place at which there is a file now, else the oldest.

    Videos that lie at forgotten places alone are not among them.
    """
    found: dict[int, Path] = {}
    for chunk in in_chunks(list(dict.fromkeys(video_ids))):
        for video_id, places in lookup.places(connection, chunk).items():
            paths = [place.path for place in places]
            found[video_id] = next((path for path in paths if os.path.exists(path)), paths[0])
    return found


def is_shown(video_id: sa.Column[int]) -> sa.ColumnElement[bool]:
    """Whether a note's video lies at a place that is not forgotten."""
    here = sa.and_(location.c.video_id == video_id, location.c.forgotten_at.is_(None))
    return sa.select(location.c.id).where(here).exists()


def _extraction(connection: Connection, video_id: int) -> int | None:
    active = active_space_id(connection)
    if active is not None:
        shown = lookup.indexed_videos(connection, active, [video_id]).get(video_id)
        if shown is not None:
            return shown.extraction_id
    newest = lookup.newest_extraction_of(connection, video_id)
    return None if newest is None else int(newest.id)
