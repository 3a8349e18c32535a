"""The history: queries with the moments that the user opened.

A pick is about a video, and goes with it.

Every function takes a connection inside a transaction of `Library.read` or `Library.write`.
"""

from __future__ import annotations

import time
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy import Connection

from mediaindex.safe_text import storable
from mediaindex.store.catalog.schema import pick
from mediaindex.store.notes.moments import is_shown

KEPT = 10_000
"""Picks at the most; the oldest go first."""


@dataclass(frozen=True, slots=True)
class Pick:
    """A moment that was opened, and the query that it answered.

    Attributes:
        asked_at: Unix time. seconds: where the player began.
    """

    id: int
    asked_at: float
    query: str
    video_id: int
    seconds: float


@dataclass(frozen=True, slots=True)
class Asked:
    """A query of which moments were opened.

    Attributes:
        at: Unix time of the last one. opened: how many were.
    """

    query: str
    at: float
    opened: int


def record(
    connection: Connection, query: str, video_id: int, seconds: float, *, asked_at: float | None = None
) -> int:
    """Note that a moment was opened; the id of the pick.

    Args:
        asked_at: when the query was asked; None for now.
    """
    values = {"query": storable(query), "video_id": video_id, "seconds": seconds}
    new = sa.insert(pick).values(asked_at=time.time() if asked_at is None else asked_at, **values)
    number = int(connection.execute(new.returning(pick.c.id)).scalar_one())
    newest = sa.select(pick.c.id).order_by(pick.c.id.desc()).limit(1).offset(KEPT)
    connection.execute(sa.delete(pick).where(pick.c.id <= newest.scalar_subquery()))
    return number


def is_recorded(
    connection: Connection, query: str, video_id: int, seconds: float, *, asked_at: float
) -> bool:
    """Whether this very pick is in the history."""
    values = {"query": storable(query), "video_id": video_id, "seconds": seconds, "asked_at": asked_at}
    same = sa.select(pick.c.id).where(*(pick.c[name] == value for name, value in values.items()))
    return connection.execute(same.limit(1)).first() is not None


def picks(connection: Connection, *, limit: int | None = None) -> list[Pick]:
    """What was opened of videos that are not forgotten, the newest first."""
    shown = sa.select(pick).where(is_shown(pick.c.video_id))
    rows = connection.execute(shown.order_by(pick.c.id.desc()).limit(limit))
    return [Pick(row.id, row.asked_at, row.query, row.video_id, row.seconds) for row in rows]


def asked(connection: Connection, *, limit: int) -> list[Asked]:
    """The queries of the history, the one that was asked last first."""
    last = sa.func.max(pick.c.asked_at)
    query = sa.select(pick.c.query, last, sa.func.count()).where(is_shown(pick.c.video_id))
    query = query.group_by(pick.c.query).order_by(last.desc(), sa.func.max(pick.c.id).desc()).limit(limit)
    return [Asked(*row) for row in connection.execute(query)]


def count(connection: Connection) -> int:
    """How many picks there are of videos that are not forgotten."""
    every = sa.select(sa.func.count()).select_from(pick).where(is_shown(pick.c.video_id))
    return int(connection.execute(every).scalar_one())


def clear(connection: Connection) -> int:
    """Remove the history, of forgotten videos too; how many picks there were."""
    return connection.execute(sa.delete(pick)).rowcount
