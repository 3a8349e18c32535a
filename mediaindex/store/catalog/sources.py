"""The watched roots, the places known below each, and which of them the mass-deletion guard holds.

Every function takes a connection inside a transaction of `Library.read` or `Library.write`.
"""

from __future__ import annotations

import time
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy import Connection
from sqlalchemy.dialects.sqlite import insert

from mediaindex.store.catalog.locations import below, record
from mediaindex.store.catalog.schema import location, source, total, volume


class Source(NamedTuple):
    """One watched root.

    Attributes:
        thumbnails: "library", or "none" where no picture of its videos may be written as a thumbnail.
        held_since: Unix time since which the mass-deletion guard holds it, None where it does not.
        polled: why the watcher polls it, None where the kernel tells of its changes.
    """

    id: int
    path: Path
    added_at: float
    thumbnails: str
    held_since: float | None
    polled: str | None


class Places(NamedTuple):
    """Numbers of places below a root, without those forgotten.

    Attributes:
        known: all of them. missing: gone while their volume is there.
        vanished: those of the missing that are gone only since the moment asked about.
    """

    known: int
    missing: int
    vanished: int


def all_sources(connection: Connection) -> list[Source]:
    """Every root, in the order they came."""
    rows = connection.execute(sa.select(source).order_by(source.c.id))
    return [record(Source, row) for row in rows]


def source_at(connection: Connection, path: Path) -> Source | None:
    """The root that is exactly this path."""
    return next((source for source in all_sources(connection) if source.path == path), None)


def add_source(connection: Connection, path: Path, *, thumbnails: str | None = None) -> None:
    """Remember a root; a known root keeps its setting of thumbnails where none is given."""
    new = insert(source).values(path=path, added_at=time.time(), thumbnails=thumbnails or "library")
    if thumbnails is None:
        connection.execute(new.on_conflict_do_nothing())
    else:
        changed = {"thumbnails": thumbnails}
        connection.execute(new.on_conflict_do_update(index_elements=["path"], set_=changed))


def remove_source(connection: Connection, path: Path) -> None:
    """Forget a root; what is known below it stays."""
    connection.execute(sa.delete(source).where(source.c.path == path))


def hold(connection: Connection, path: Path, since: float | None) -> None:
    """Let the mass-deletion guard hold a root since a Unix time, or release it (None)."""
    connection.execute(sa.update(source).where(source.c.path == path).values(held_since=since))


def held_roots(connection: Connection) -> list[Path]:
    """The roots that the mass-deletion guard holds: nothing below them is forgotten unless the user asks."""
    return list(
        connection.execute(sa.select(source.c.path).where(source.c.held_since.is_not(None))).scalars()
    )


def roots_without_thumbnails(connection: Connection) -> list[Path]:
    """The roots below which no picture may be written as a thumbnail."""
    return list(connection.execute(sa.select(source.c.path).where(source.c.thumbnails == "none")).scalars())


def all_places(connection: Connection) -> Places:
    """The places of the whole library; `vanished` are all that are missing."""
    return _places_among(connection, sa.select(total.c.places), Path("/"))


def places_of(connection: Connection, root: Source, *, since: float = 0.0) -> Places:
    """How many places are known below a source, how many of them are gone, and gone since a moment."""
    every = sa.select(source.c.places).where(source.c.id == root.id)
    return _places_among(connection, every, root.path, since=since)


def places_below(connection: Connection, root: Path) -> Places:
    """The places below any folder, all of which are counted in the index of paths."""
    every = sa.select(sa.func.count()).select_from(location).where(below(location.c.path, root))
    return _places_among(connection, every, root)


def _places_among(connection: Connection, every: sa.Select[Any], root: Path, *, since: float = 0.0) -> Places:
    """Every place without those that are hidden; hidden and missing ones are rare and have indexes."""
    empty = sa.and_(location.c.video_id.is_(None), location.c.next_video_id.is_(None))
    hidden = _count_below(connection, root, location.c.forgotten_at.is_not(None))
    hidden += _count_below(connection, root, sa.and_(location.c.forgotten_at.is_(None), empty))
    missing = sa.and_(location.c.missing_since.is_not(None), *shown_places())
    return Places(
        known=int(connection.execute(every).scalar_one()) - hidden,
        missing=_count_below(connection, root, missing),
        vanished=_count_below(connection, root, sa.and_(missing, location.c.missing_since >= since)),
    )


def _count_below(connection: Connection, root: Path, is_rare: sa.ColumnElement[bool]) -> int:
    """How many places below a root are of a rare kind."""
    # The limit (none) keeps SQLite from walking all paths below the root instead.
    rare = sa.select(location.c.path).where(is_rare).limit(-1).subquery()
    query = sa.select(sa.func.count()).select_from(rare).where(below(rare.c.path, root))
    return int(connection.execute(query).scalar_one())


def places_on(connection: Connection, volume_ids: Collection[int]) -> int:
    """How many places are known on some volumes, without those that a pass found missing."""
    if not volume_ids:
        return 0
    every = sa.select(sa.func.coalesce(sa.func.sum(volume.c.places), 0)).where(volume.c.id.in_(volume_ids))
    rare = sa.union(
        *(
            sa.select(location.c.id).where(is_rare, location.c.volume_id.in_(volume_ids))
            for is_rare in (
                location.c.missing_since.is_not(None),
                location.c.forgotten_at.is_not(None),
                sa.and_(location.c.video_id.is_(None), location.c.next_video_id.is_(None)),
            )
        )
    ).subquery()
    left_out = sa.select(sa.func.count()).select_from(rare).scalar_subquery()
    return int(connection.execute(every).scalar_one()) - int(
        connection.execute(sa.select(left_out)).scalar_one()
    )


def shown_places() -> Sequence[sa.ColumnElement[bool]]:
    """Conditions on `location`: it has content, or is about to have, and is not forgotten."""
    content = sa.or_(location.c.video_id.is_not(None), location.c.next_video_id.is_not(None))
    return content, location.c.forgotten_at.is_(None)


def note_polling(connection: Connection, observed: Mapping[Path, str | None]) -> None:
    """Record why the watcher polls each root; None where the kernel tells of its changes."""
    for path, reason in observed.items():
        different = source.c.polled.is_distinct_from(reason)
        connection.execute(sa.update(source).where(source.c.path == path, different).values(polled=reason))
