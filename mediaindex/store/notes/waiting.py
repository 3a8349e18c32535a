"""Captions that were written before their video came: kept by its path, until a video lies there.

Every function takes a connection inside a transaction of `Library.read` or `Library.write`.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from mediaindex.errors import UsageError
from mediaindex.store.catalog.locations import below
from mediaindex.store.catalog.schema import caption
from mediaindex.store.notes import captions
from mediaindex.store.notes.captions import Said, line_of

_WAITS = caption.c.size.is_(None)


@dataclass(frozen=True, slots=True)
class Waiting:
    """A caption that waits for its video.

    Attributes:
        path: where the video is to lie; it may lack the ending of the file's name.
        said: what it says; its times may lie outside the video.
        created_at: Unix time.
    """

    id: int
    path: Path
    said: Said
    created_at: float


def keep(connection: Connection, path: Path, said: Sequence[Said]) -> list[bool | UsageError]:
    """Keep captions until a video lies at a path.

    Returns:
        Of each: whether it is new, or what is wrong with it.
    """
    known = {(one.said.start_seconds, one.said.end_seconds, one.said.text) for one in at(connection, path)}
    became: list[bool | UsageError] = []
    for one in said:
        try:
            text = line_of(one.text)
        except UsageError as error:
            became.append(error)
            continue
        key = (one.start_seconds, one.end_seconds, text)
        became.append(key not in known)
        if key not in known:
            known.add(key)
            values = {"path": path, "start_seconds": key[0], "end_seconds": key[1], "text": text}
            new = sa.insert(caption).values(language=one.language, created_at=time.time(), **values)
            connection.execute(new)
    return became


def every(connection: Connection, within: Sequence[Path] = ()) -> list[Waiting]:
    """Every caption that waits, by its path and time.

    Args:
        within: only those for videos at or below one of these paths; none for all.
    """
    query = sa.select(caption).where(_WAITS)
    if within:
        query = query.where(sa.or_(*(below(caption.c.path, path) for path in within)))
    return _read(connection, query)


def at(connection: Connection, path: Path) -> list[Waiting]:
    """What waits for a video at a path, under its whole name or without its ending."""
    names = (path, path.with_suffix(""))
    return _read(connection, sa.select(caption).where(_WAITS, caption.c.path.in_(names)))


def arrive(connection: Connection, path: Path, video_id: int) -> None:
    """Give a video that lies at a path now what was written about it before.

    A caption outside the video goes on waiting, and is listed so: nothing that the user wrote is lost.
    """
    if not (waiting := at(connection, path)):
        return
    became = captions.add_new(connection, video_id, [one.said for one in waiting])
    settled = [one.id for one, kept in zip(waiting, became, strict=True) if not isinstance(kept, UsageError)]
    captions.remove(connection, settled)


def _read(connection: Connection, query: sa.Select[Any]) -> list[Waiting]:
    order = query.order_by(caption.c.path, caption.c.start_seconds, caption.c.id)
    return [
        Waiting(
            row.id,
            row.path,
            Said(row.start_seconds, row.end_seconds, row.text, row.language),
            row.created_at,
        )
        for row in connection.execute(order)
    ]
