"""Places leave the library: hidden at first, removed for good later, never the files themselves.

    forget          a place is hidden; `undo` shows it again
    purge_forgotten after its time a hidden place loses its content; where the file may still be there,
                    an empty row stays (a tombstone), so that a rescan does not bring it back
    purge_missing   a place that has been gone for long, and was looked for once more, is removed

Marks and picks of a video are hidden and removed with it. A caption is never removed by any of this: one
whose video is gone stays, and is given back when that content is indexed again (`notes/captions.py`).

Every function takes a connection inside a transaction of `Library.write`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection
from sqlalchemy.dialects.sqlite import insert

from mediaindex.sources.places.presence import is_surely_absent
from mediaindex.store.catalog.database import in_chunks
from mediaindex.store.catalog.failures import Failure, failures, skips
from mediaindex.store.catalog.locations import (
    Location,
    below,
    location_at,
    locations_below,
    record,
    remove_locations,
)
from mediaindex.store.catalog.schema import failure, location, skipped, subtitle, word
from mediaindex.store.catalog.sources import held_roots
from mediaindex.store.catalog.videos import is_placed, remove_unplaced_videos
from mediaindex.store.catalog.volumes import known_volumes, volume_holding

UNDO_SECONDS = 30 * 24 * 3600.0


@dataclass(frozen=True, slots=True)
class ForgetResult:
    """What a forgetting, or its undoing, was about.

    Attributes:
        paths: in order. videos: contents that are seen no more because this was their last place,
            or are seen again.
    """

    paths: tuple[Path, ...]
    videos: int


def forget(connection: Connection, paths: Sequence[Path], *, at: float) -> ForgetResult:
    """Hide what lies at or below these paths; files that could not be read are left alone from now on.

    Args:
        at: the moment that names this forgetting; what it hid already is told again.
    """
    rows = locations_below(connection, paths).values()
    hidden = [row for row in rows if row.forgotten_at in (None, at)]
    _set_forgotten(connection, [row.id for row in hidden], at)
    unread = _bury_unread(connection, paths, at)
    return ForgetResult(
        tuple(sorted({row.path for row in hidden} | set(unread))), len(_unseen(connection, hidden))
    )


def forget_missing(connection: Connection, root: Path, *, at: float) -> ForgetResult:
    """Hide what is missing below a root."""
    rows = locations_below(connection, [root]).values()
    gone = [row for row in rows if row.missing_since is not None and row.forgotten_at is None]
    _set_forgotten(connection, [row.id for row in gone], at)
    return ForgetResult(tuple(sorted(row.path for row in gone)), len(_unseen(connection, gone)))


def forget_now(connection: Connection, paths: Sequence[Path], *, at: float) -> ForgetResult:
    """Hide what lies at or below these paths and remove it at once, also what was hidden before."""
    shown = forget(connection, paths, at=at)
    rows = [row for row in locations_below(connection, paths).values() if row.content is not None]
    gone = _remove(connection, rows)
    return ForgetResult(tuple(sorted({row.path for row in rows} | set(shown.paths))), len(gone))


def last_forgetting(connection: Connection, *, now: float) -> float | None:
    """The moment of the last forgetting that can be undone."""
    newest = connection.execute(sa.select(sa.func.max(location.c.forgotten_at))).scalar()
    return None if newest is None or newest < now - UNDO_SECONDS else newest


def undo(connection: Connection, paths: Sequence[Path] | None, *, at: float) -> ForgetResult:
    """Show again what is forgotten at or below these paths; without paths, what was forgotten at `at`.

    What was removed for good cannot be shown: its tombstone goes, and the next pass indexes it again.
    """
    if paths is None:
        then = sa.select(location.c.path).where(location.c.forgotten_at == at)
        paths = list(connection.execute(then).scalars())
    rows = [row for row in locations_below(connection, paths).values() if row.forgotten_at is not None]
    unseen = _unseen(connection, rows)
    remove_locations(connection, [row.id for row in rows if row.content is None])
    _set_forgotten(connection, [row.id for row in rows if row.content is not None], None)
    return ForgetResult(tuple(sorted(row.path for row in rows)), len(unseen - _unseen(connection, rows)))


def purge_forgotten(connection: Connection, *, before: float) -> list[int]:
    """Remove what was forgotten before a moment; the contents that went with their last place."""
    old = sa.select(location).where(location.c.forgotten_at < before)
    content = sa.or_(location.c.video_id.is_not(None), location.c.next_video_id.is_not(None))
    rows = connection.execute(old.where(content))
    return _remove(connection, [record(Location, row) for row in rows])


def long_missing(connection: Connection, *, before: float) -> list[Location]:
    """Places missing since before a moment, without those below a held root."""
    query = sa.select(location).where(location.c.missing_since < before).order_by(location.c.id)
    held = [below(location.c.path, root) for root in held_roots(connection)]
    if held:
        query = query.where(sa.not_(sa.or_(*held)))
    return [record(Location, row) for row in connection.execute(query)]


def purge_missing(connection: Connection, places: Sequence[Location]) -> list[int]:
    """Remove places that are still missing as they were; the contents that went with their last place."""
    still = [place.id for place in places if location_at(connection, place.path) == place]
    return remove_locations(connection, still)


def _set_forgotten(connection: Connection, ids: Sequence[int], at: float | None) -> None:
    for chunk in in_chunks(ids):
        chosen = location.c.id.in_(chunk)
        connection.execute(sa.update(location).where(chosen).values(forgotten_at=at))


def _unseen(connection: Connection, rows: Sequence[Location]) -> set[int]:
    """Contents of these places that lie at no place which is shown."""
    contents = {content for row in rows for content in (row.video_id, row.next_video_id) if content}
    return {content for content in contents if not _is_seen(connection, content)}


def _is_seen(connection: Connection, video_id: int) -> bool:
    shown = sa.select(location.c.id).where(is_placed(video_id), location.c.forgotten_at.is_(None)).limit(1)
    return connection.execute(shown).first() is not None


def _bury_unread(connection: Connection, paths: Sequence[Path], at: float) -> list[Path]:
    """Put a tombstone where a file could not be read or holds no film; their paths."""
    unread: dict[Path, Failure | sa.Row[Any]] = {**failures(connection, paths), **skips(connection, paths)}
    volumes = known_volumes(connection)
    for path, row in unread.items():
        holding = volume_holding(volumes, path)
        connection.execute(sa.delete(failure).where(failure.c.path == path))
        connection.execute(sa.delete(skipped).where(skipped.c.path == path))
        if holding is not None:
            values = {"size": row.size, "mtime_ns": row.mtime_ns, "confirmed": True, "forgotten_at": at}
            tombstone = insert(location).values(path=path, volume_id=holding.id, **values)
            connection.execute(tombstone.on_conflict_do_nothing())
    return list(unread)


def _remove(connection: Connection, rows: Sequence[Location]) -> list[int]:
    """Take the content away from places, and the places that are known to be gone altogether."""
    gone: list[Location] = []
    emptied: list[Location] = []
    for row in rows:
        is_gone = row.missing_since is not None and is_surely_absent(row.path)
        (gone if is_gone else emptied).append(row)
    removed = remove_locations(connection, [row.id for row in gone])
    ids = [row.id for row in emptied]
    for chunk in in_chunks(ids):
        here = location.c.id.in_(chunk)
        connection.execute(sa.update(location).where(here).values(video_id=None, next_video_id=None))
        for table in (subtitle, word):
            connection.execute(sa.delete(table).where(table.c.location_id.in_(chunk)))
    contents = [content for row in emptied for content in (row.video_id, row.next_video_id) if content]
    return removed + remove_unplaced_videos(connection, contents)
