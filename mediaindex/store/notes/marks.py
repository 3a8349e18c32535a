"""Marks: moments that the user says are right, or wrong, for a query.

A query has one mark on a moment, the newest. Marks are about a video, and go with it.

Every function takes a connection inside a transaction of `Library.read` or `Library.write`.
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy import Connection

from mediaindex.errors import UsageError
from mediaindex.safe_text import storable
from mediaindex.store.catalog.database import in_chunks
from mediaindex.store.catalog.schema import mark
from mediaindex.store.notes.moments import (
    checked_length,
    is_shown,
    segment_at,
    served_segment_at,
    stretch_at,
)


class Mark(NamedTuple):
    """A moment that is right, or wrong, for a query.

    Attributes:
        query: as `key_of` has it.
        seconds: of the frame that was marked. start_seconds, end_seconds: of the segment around it, then.
        created_at: Unix time.
    """

    id: int
    query: str
    video_id: int
    seconds: float
    start_seconds: float
    end_seconds: float
    is_right: bool
    created_at: float


class MarkedSegments(NamedTuple):
    """The segments that are marked for a query now, as a Question takes them."""

    right: tuple[int, ...] = ()
    wrong: tuple[int, ...] = ()


def key_of(query: str) -> str:
    """A query as marks know it: as it was typed, but for the width of blanks."""
    return storable(" ".join(query.split()))


def put(connection: Connection, query: str, video_id: int, seconds: float, *, is_right: bool) -> Mark:
    """Mark the moment around a time of a video; an older mark of the query on it is replaced.

    Raises:
        UsageError: the query is empty, or the video ends before that time.
    """
    checked_length(connection, video_id, seconds)
    if not (key := key_of(query)):
        raise UsageError("a mark is about a query; name it with --query TEXT")
    stretch = stretch_at(connection, video_id, seconds)
    start, end = (seconds, seconds) if stretch is None else (stretch.start_seconds, stretch.end_seconds)
    take_off(connection, query, video_id, seconds)
    values: dict[str, Any] = {
        "query": key,
        "video_id": video_id,
        "seconds": seconds,
        "start_seconds": start,
        "end_seconds": end,
        "is_right": is_right,
        "created_at": time.time(),
    }
    new = sa.insert(mark).values(**values).returning(mark.c.id)
    return Mark(id=int(connection.execute(new).scalar_one()), **values)


def take_off(connection: Connection, query: str, video_id: int, seconds: float) -> int:
    """Remove the marks of a query on the moment around a time of a video; how many there were."""
    own = sa.and_(mark.c.query == key_of(query), mark.c.video_id == video_id)
    here = segment_at(connection, video_id, seconds)
    rows = connection.execute(sa.select(mark.c.id, mark.c.seconds).where(own)).all()
    same = [
        row.id
        for row in rows
        if row.seconds == seconds
        or (here is not None and segment_at(connection, video_id, row.seconds) == here)
    ]
    return len(remove(connection, same))


def every(connection: Connection) -> list[Mark]:
    """Every mark on a video that is not forgotten, the newest first."""
    return _read(connection, sa.select(mark))


def of_query(connection: Connection, query: str) -> list[Mark]:
    """The marks for a query on videos that are not forgotten, the newest first."""
    return _read(connection, sa.select(mark).where(mark.c.query == key_of(query)))


def marked_segments(connection: Connection, query: str) -> MarkedSegments:
    """The segments that are marked for a query, of those that the serving space shows now.

    A video that is not embedded there yet has none: its marks move no query.
    """
    right: dict[int, None] = {}
    wrong: dict[int, None] = {}
    for one in of_query(connection, query):
        segment_id = served_segment_at(connection, one.video_id, one.seconds)
        if segment_id is not None and segment_id not in right and segment_id not in wrong:
            (right if one.is_right else wrong)[segment_id] = None
    return MarkedSegments(tuple(right), tuple(wrong))


def count(connection: Connection, query: str | None = None) -> int:
    """How many marks there are on videos that are not forgotten, of one query or of all."""
    every_mark = sa.select(sa.func.count()).select_from(mark).where(is_shown(mark.c.video_id))
    if query is not None:
        every_mark = every_mark.where(mark.c.query == key_of(query))
    return int(connection.execute(every_mark).scalar_one())


def remove(connection: Connection, ids: Iterable[int]) -> list[int]:
    """Remove marks; the ids of those that were there."""
    removed: list[int] = []
    for chunk in in_chunks(list(ids)):
        gone = sa.delete(mark).where(mark.c.id.in_(chunk)).returning(mark.c.id)
        removed += connection.execute(gone).scalars()
    return sorted(removed)


def clear(connection: Connection, query: str | None = None) -> int:
    """Remove every mark, or those for one query; how many there were."""
    gone = sa.delete(mark)
    if query is not None:
        gone = gone.where(mark.c.query == key_of(query))
    return connection.execute(gone).rowcount


def _read(connection: Connection, query: sa.Select[Any]) -> list[Mark]:
    shown = query.where(is_shown(mark.c.video_id))
    newest_first = shown.order_by(mark.c.created_at.desc(), mark.c.id.desc())
    return [Mark(**row._mapping) for row in connection.execute(newest_first)]
