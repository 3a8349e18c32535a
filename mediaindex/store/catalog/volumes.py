"""Volumes as the library knows them, and what follows when one is mounted at another place.

Every function takes a connection inside a transaction of `Library.read` or `Library.write`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

import sqlalchemy as sa
from sqlalchemy import Connection
from sqlalchemy.dialects.sqlite import insert

from mediaindex.sources.path_tree import lies_below
from mediaindex.store.catalog.locations import below, remove_locations
from mediaindex.store.catalog.schema import failure, location, skipped, source, volume


class KnownVolume(NamedTuple):
    """A volume and the mount point below which its places stand in the catalog."""

    id: int
    uid: str
    mount_point: Path
    label: str | None = None


def known_volumes(connection: Connection) -> list[KnownVolume]:
    """Every volume on which something was ever indexed."""
    rows = connection.execute(sa.select(volume.c.id, volume.c.uid, volume.c.mount_point, volume.c.label))
    return [KnownVolume(*row) for row in rows]


def volume_holding(volumes: Iterable[KnownVolume], path: Path) -> KnownVolume | None:
    """The volume on which a path lies by its name, whether it is mounted now or not."""
    holding = [found for found in volumes if lies_below(path, found.mount_point)]
    return max(holding, key=lambda found: len(found.mount_point.parts), default=None)


def volume_of_path(connection: Connection, path: Path, real_path: Path) -> KnownVolume | None:
    """The volume of a location, else the one that holds the path without its links by name."""
    volumes = known_volumes(connection)
    here = connection.execute(sa.select(location.c.volume_id).where(location.c.path == path)).scalar()
    recorded = next((found for found in volumes if found.id == here), None)
    return recorded or volume_holding(volumes, real_path)


def move_volume(connection: Connection, moved: KnownVolume, mount_point: Path) -> None:
    """Let every path of a volume begin with another mount point; nothing is decoded.

    Where the catalog already names a path there, that row stays, and the old one goes.
    """
    inner = [
        other.mount_point
        for other in known_volumes(connection)
        if other.id != moved.id
        and other.mount_point != moved.mount_point
        and lies_below(other.mount_point, moved.mount_point)
    ]
    _move_locations(connection, moved, mount_point)
    for table in (failure, skipped):
        _move_paths(connection, table, moved.mount_point, mount_point, inner)
    _move_sources(connection, moved.mount_point, mount_point, inner)
    here = volume.c.id == moved.id
    connection.execute(sa.update(volume).where(here).values(mount_point=mount_point))


def _move_locations(connection: Connection, moved: KnownVolume, new: Path) -> None:
    query = sa.select(location.c.id, location.c.path, location.c.video_id, location.c.next_video_id)
    on_volume = sa.and_(location.c.volume_id == moved.id, below(location.c.path, moved.mount_point))
    rows = connection.execute(query.where(on_volume)).all()
    occupied = {row.path: row for row in connection.execute(query.where(below(location.c.path, new)))}
    superseded: set[int] = set()
    for row in rows:
        path = _moved(row.path, moved.mount_point, new)
        occupant = occupied.get(path)
        if occupant is None or occupant.id == row.id:
            continue
        empty = occupant.video_id is None and occupant.next_video_id is None
        superseded.add(occupant.id if empty else row.id)
    remove_locations(connection, sorted(superseded))
    changed = [
        {"row": row.id, "new": _moved(row.path, moved.mount_point, new)}
        for row in rows
        if row.id not in superseded
    ]
    if changed:
        where = location.c.id == sa.bindparam("row")
        connection.execute(sa.update(location).where(where).values(path=sa.bindparam("new")), changed)


def _move_paths(connection: Connection, table: sa.Table, old: Path, new: Path, inner: Sequence[Path]) -> None:
    """Move the paths of a table that does not know volumes, without those of volumes mounted inside."""
    for path in connection.execute(sa.select(table.c.path).where(below(table.c.path, old))).scalars().all():
        if any(lies_below(path, point) for point in inner):
            continue
        at_old, at_new = table.c.path == path, table.c.path == _moved(path, old, new)
        if connection.execute(sa.select(table.c.path).where(at_new)).first() is not None:
            connection.execute(sa.delete(table).where(at_old))
        else:
            connection.execute(sa.update(table).where(at_old).values(path=_moved(path, old, new)))


def _move_sources(connection: Connection, old: Path, new: Path, inner: Sequence[Path]) -> None:
    """Move the roots too; one that was private stays so under its new name."""
    private = sa.select(source.c.path).where(source.c.thumbnails == "none", below(source.c.path, old))
    for path in connection.execute(private).scalars().all():
        at_new = source.c.path == _moved(path, old, new)
        connection.execute(sa.update(source).where(at_new).values(thumbnails="none"))
    _move_paths(connection, source, old, new, inner)


def _moved(path: Path, old: Path, new: Path) -> Path:
    return new / path.relative_to(old)


def ensure_volume(connection: Connection, *, uid: str, label: str | None, mount_point: Path) -> int:
    """The id of a volume, its label brought up to date.

    Its mount point stays the one below which its places stand, until `move_volume` moves both.
    """
    upsert = insert(volume).values(uid=uid, label=label, mount_point=mount_point)
    upsert = upsert.on_conflict_do_update(index_elements=["uid"], set_={"label": label})
    return int(connection.execute(upsert.returning(volume.c.id)).scalar_one())
