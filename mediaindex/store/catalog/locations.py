"""Where contents lie: paths that are there, missing, or hidden since the user forgot them.

Every function takes a connection inside a transaction of `Library.read` or `Library.write`.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import sqlalchemy as sa
from sqlalchemy import Connection
from sqlalchemy.dialects.sqlite import insert

from mediaindex.sources.path_tree import outermost
from mediaindex.store.catalog.database import in_chunks
from mediaindex.store.catalog.schema import failure, location, skipped, source, subtitle, word
from mediaindex.store.catalog.videos import is_placed, remove_unplaced_videos

FOLDERS_AT_ONCE = 200
"""SQLite's expressions are at most 1000 deep."""
Record = TypeVar("Record")


class Location(NamedTuple):
    """One path of a video. `video_id` is what a search shows there, `next_video_id` what comes."""

    id: int
    path: Path
    volume_id: int
    video_id: int | None
    next_video_id: int | None
    size: int
    mtime_ns: int
    confirmed: bool
    missing_since: float | None
    forgotten_at: float | None

    @property
    def content(self) -> int | None:
        """The newest content known at this path."""
        return self.next_video_id or self.video_id


def record(kind: type[Record], row: sa.Row[Any]) -> Record:
    """A row as the record whose fields are named like its columns: a frozen dataclass, or a named tuple."""
    names: Sequence[str] = getattr(kind, "_fields", None) or kind.__slots__  # type: ignore[attr-defined]
    values = row._mapping
    return kind(**{name: values[name] for name in names})


def below(column: sa.ColumnElement[Any], folder: Path) -> sa.ColumnElement[bool]:
    """Paths equal to `folder` or inside it, as a range on the path's bytes."""
    raw = os.fsencode(folder)
    inside = raw.rstrip(b"/") + b"/"
    as_bytes = sa.type_coerce(column, sa.LargeBinary)
    after = inside[:-1] + bytes([inside[-1] + 1])
    return sa.or_(as_bytes == raw, sa.and_(as_bytes >= inside, as_bytes < after))


def rows_below(
    connection: Connection, query: sa.Select[Any], column: sa.ColumnElement[Any], folders: Sequence[Path]
) -> Iterator[sa.Row[Any]]:
    """The rows of a query whose path lies below (or equals) one of the folders, each row once."""
    for chunk in in_chunks(outermost(folders), FOLDERS_AT_ONCE):
        yield from connection.execute(query.where(sa.or_(*(below(column, folder) for folder in chunk))))


def anything_hidden(connection: Connection) -> bool:
    """Whether any place is forgotten; most libraries have none, and their searches need no more than this."""
    hidden = sa.select(location.c.id).where(location.c.forgotten_at.is_not(None)).limit(1)
    return connection.execute(hidden).first() is not None


def hidden_videos(connection: Connection) -> set[int]:
    """Videos all of whose places are forgotten."""
    return set(connection.execute(select_hidden()).scalars())


def select_hidden() -> sa.Select[Any]:
    """The ids of these videos."""
    other = location.alias()
    shown = sa.select(other.c.id).where(
        other.c.video_id == location.c.video_id, other.c.forgotten_at.is_(None)
    )
    return sa.select(location.c.video_id).where(
        location.c.forgotten_at.is_not(None), location.c.video_id.is_not(None), ~shown.exists()
    )


def is_hidden(connection: Connection, path: Path) -> bool:
    """Whether a path is forgotten."""
    here = sa.select(location.c.forgotten_at).where(location.c.path == path)
    return connection.execute(here).scalar() is not None


def locations_below(connection: Connection, folders: Sequence[Path]) -> dict[Path, Location]:
    """Every known location inside the folders (or equal to one), by path; those forgotten too."""
    rows = rows_below(connection, sa.select(location), location.c.path, folders)
    return {row.path: record(Location, row) for row in rows}


def locations_at(connection: Connection, paths: Sequence[Path]) -> list[Location]:
    """The known locations at these paths."""
    found: list[Location] = []
    for chunk in in_chunks(paths):
        here = sa.select(location).where(location.c.path.in_(chunk))
        found += [record(Location, row) for row in connection.execute(here)]
    return found


def paths_with_sidecars(connection: Connection, folders: Sequence[Path]) -> set[Path]:
    """The paths inside the folders (or equal to one) of which a subtitle file is indexed."""
    query = sa.select(location.c.path).join(subtitle, subtitle.c.location_id == location.c.id)
    return {row.path for row in rows_below(connection, query, location.c.path, folders)}


def folders_of_locations(connection: Connection) -> list[Path]:
    """Every folder in which a known file lies, of all volumes; reads every path."""
    paths = connection.execute(sa.select(sa.type_coerce(location.c.path, sa.LargeBinary))).scalars()
    folders = dict.fromkeys(os.path.dirname(path) for path in paths)
    return [Path(os.fsdecode(folder)) for folder in folders]


def is_anything_known(connection: Connection, path: Path) -> bool:
    """Whether the catalog names this path or anything below it, in whatever role."""
    return any(
        connection.execute(sa.select(table.c.path).where(below(table.c.path, path)).limit(1)).first()
        for table in (location, source, failure, skipped)
    )


def location_at(connection: Connection, path: Path) -> Location | None:
    """The location at a path."""
    row = connection.execute(sa.select(location).where(location.c.path == path)).one_or_none()
    return None if row is None else record(Location, row)


def contents(connection: Connection, folder: Path | None = None) -> Iterator[tuple[Path, int]]:
    """The places that have a content, hidden ones too, and what it is; all, or those below a folder."""
    content = sa.func.coalesce(location.c.video_id, location.c.next_video_id)
    query = sa.select(location.c.path, content).where(content.is_not(None))
    if folder is not None:
        query = query.where(below(location.c.path, folder))
    for path, video_id in connection.execute(query):
        yield path, int(video_id)


def places_of_content(connection: Connection, video_id: int) -> list[Location]:
    """Where a content lies or is about to be shown, the oldest place first."""
    query = sa.select(location).where(is_placed(video_id)).order_by(location.c.id)
    return [record(Location, row) for row in connection.execute(query)]


def place(connection: Connection, path: Path, **values: Any) -> int:
    """Add or update the location at a path; its id.

    A content that lay here, or waited to be shown here, and lies nowhere now is removed.
    """
    before = location_at(connection, path)
    upsert = insert(location).values(path=path, **values)
    upsert = upsert.on_conflict_do_update(index_elements=["path"], set_=values)
    location_id = int(connection.execute(upsert.returning(location.c.id)).scalar_one())
    if before is not None:
        leave(connection, [before])
    return location_id


def leave(connection: Connection, before: Sequence[Location]) -> list[int]:
    """Take away what places no longer show: their words about it, and the contents that lie nowhere now.

    Args:
        before: the places as they were.

    Returns:
        The contents that were removed.
    """
    for chunk in in_chunks([place.id for place in before]):
        for table in (subtitle, word):
            here = sa.select(location.c.id).where(
                location.c.id == table.c.location_id, is_placed(table.c.video_id)
            )
            connection.execute(sa.delete(table).where(table.c.location_id.in_(chunk), ~here.exists()))
    contents = [number for place in before for number in (place.video_id, place.next_video_id) if number]
    return remove_unplaced_videos(connection, contents)


def update_location(
    connection: Connection, location_id: int, *, only_at: Path | None = None, **values: Any
) -> None:
    """Change columns of one location, with `only_at` not if it has another path by now."""
    change = sa.update(location).where(location.c.id == location_id)
    if only_at is not None:
        change = change.where(location.c.path == only_at)
    connection.execute(change.values(**values))


def miss(connection: Connection, path: Path, now: float) -> None:
    """Note that the content known at a path is not there any more."""
    missing = sa.update(location).where(location.c.path == path, location.c.missing_since.is_(None))
    connection.execute(missing.values(missing_since=now))


def miss_from_now(connection: Connection, folder: Path, now: float) -> None:
    """Let what is missing below a folder count as missing since now."""
    missing = sa.and_(below(location.c.path, folder), location.c.missing_since.is_not(None))
    connection.execute(sa.update(location).where(missing).values(missing_since=now))


def unconfirmed(connection: Connection) -> list[Location]:
    """Locations whose identity still rests on size and partial hash."""
    query = sa.select(location).where(sa.not_(location.c.confirmed), location.c.missing_since.is_(None))
    query = query.where(location.c.forgotten_at.is_(None))
    return [record(Location, row) for row in connection.execute(query.order_by(location.c.id))]


def remove_locations(connection: Connection, ids: Sequence[int]) -> list[int]:
    """Forget locations; the videos that went with them because no other location names them."""
    contents: list[int] = []
    for chunk in in_chunks(ids):
        chosen = location.c.id.in_(chunk)
        for row in connection.execute(sa.select(location).where(chosen)):
            contents += [content for content in (row.video_id, row.next_video_id) if content]
        connection.execute(sa.delete(location).where(chosen))
    return remove_unplaced_videos(connection, contents)
