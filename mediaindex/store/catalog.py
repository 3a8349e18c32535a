"""What SQLite knows of videos, the places where they lie, and the files that could not be read.

Every function takes a connection inside a transaction of `Library.read` or `Library.write`.
"""

from __future__ import annotations

import dataclasses
import os
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection
from sqlalchemy.dialects.sqlite import insert

from mediaindex.media import MediaInfo, Outline
from mediaindex.store.schema import (
    extraction,
    failure,
    frame,
    indexed,
    location,
    meta,
    segment,
    skipped,
    video,
    volume,
)
from mediaindex.store.spaces import ACTIVE, LOST, remove_unplaced_videos, without_frames

INFO_COLUMNS = (
    "container",
    "codec",
    "width",
    "height",
    "fps",
    "rotation",
    "recorded_at",
    "recorded_day",
    "latitude",
    "longitude",
    "altitude",
    "timecode",
    "camera",
    "title",
)

LONGEST_WAIT_SECONDS = 6 * 3600.0
"""A failed file waits no longer for its next try: a later date was made by a clock that was wrong."""

# SQLite's expressions are at most 1000 deep, its statements have at most 32 766 values.
FOLDERS_AT_ONCE = 200
IDS_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class Location:
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


@dataclass(frozen=True, slots=True)
class Failure:
    """A file that could not be read; `state` is waiting (tried again) or dead."""

    path: Path
    stage: str
    state: str
    attempts: int
    next_at: float | None
    reason: str
    size: int
    mtime_ns: int
    decoder: str

    def is_due(self, now: float) -> bool:
        """Whether the next try may begin at this Unix time."""
        return self.next_at is None or not now < self.next_at <= now + LONGEST_WAIT_SECONDS


@dataclass(frozen=True, slots=True)
class Identity:
    """What tells one content from another. `hash` is None until the full pass has made it."""

    size: int
    partial_hash: str
    hash: str | None


def _record(kind: type[Any], row: sa.Row[Any]) -> Any:
    return kind(**{name: row._mapping[name] for name in kind.__slots__})


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
    seen: set[Path] = set()
    for start in range(0, len(folders), FOLDERS_AT_ONCE):
        chunk = folders[start : start + FOLDERS_AT_ONCE]
        for row in connection.execute(query.where(sa.or_(*(below(column, folder) for folder in chunk)))):
            if row.path not in seen:
                seen.add(row.path)
                yield row


# Locations


def locations_below(connection: Connection, folders: Sequence[Path]) -> dict[Path, Location]:
    """Every known location inside the folders (or equal to one), by path; those forgotten too."""
    rows = rows_below(connection, sa.select(location), location.c.path, folders)
    return {row.path: _record(Location, row) for row in rows}


def location_at(connection: Connection, path: Path) -> Location | None:
    """The location at a path."""
    row = connection.execute(sa.select(location).where(location.c.path == path)).one_or_none()
    return None if row is None else _record(Location, row)


def locations_of(connection: Connection, video_id: int) -> list[Location]:
    """Where a video lies, oldest first."""
    query = sa.select(location).where(location.c.video_id == video_id).order_by(location.c.id)
    return [_record(Location, row) for row in connection.execute(query)]


def places_of_content(connection: Connection, video_id: int) -> list[Location]:
    """Where a content lies or is about to be shown."""
    here = sa.or_(location.c.video_id == video_id, location.c.next_video_id == video_id)
    return [_record(Location, row) for row in connection.execute(sa.select(location).where(here))]


def place(connection: Connection, path: Path, **values: Any) -> int:
    """Add or update the location at a path; its id."""
    upsert = insert(location).values(path=path, **values)
    upsert = upsert.on_conflict_do_update(index_elements=["path"], set_=values)
    return int(connection.execute(upsert.returning(location.c.id)).scalar_one())


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
    query = sa.select(location).where(location.c.confirmed.is_(False), location.c.missing_since.is_(None))
    query = query.where(location.c.forgotten_at.is_(None))
    return [_record(Location, row) for row in connection.execute(query.order_by(location.c.id))]


def remove_locations(connection: Connection, ids: Sequence[int]) -> list[int]:
    """Forget locations; the videos that went with them because no other location names them."""
    contents: list[int] = []
    for start in range(0, len(ids), IDS_AT_ONCE):
        chunk = location.c.id.in_(ids[start : start + IDS_AT_ONCE])
        for row in connection.execute(sa.select(location).where(chunk)):
            contents += [content for content in (row.video_id, row.next_video_id) if content]
        connection.execute(sa.delete(location).where(chunk))
    return remove_unplaced_videos(connection, contents)


def ensure_volume(connection: Connection, *, uid: str, label: str | None, mount_point: Path) -> int:
    """The id of a volume, its label brought up to date.

    Its mount point stays the one below which its places stand, until `mounts.move_volume` moves both.
    """
    upsert = insert(volume).values(uid=uid, label=label, mount_point=mount_point)
    upsert = upsert.on_conflict_do_update(index_elements=["uid"], set_={"label": label})
    return int(connection.execute(upsert.returning(volume.c.id)).scalar_one())


# Contents


def alike(connection: Connection, size: int, partial_hash: str) -> int | None:
    """A video of this size and partial hash: the same content, until the full hash says otherwise."""
    same = sa.and_(video.c.size == size, video.c.partial_hash == partial_hash)
    return connection.execute(sa.select(video.c.id).where(same).order_by(video.c.id).limit(1)).scalar()


def is_shown(connection: Connection, video_id: int) -> bool:
    """Whether a video has vectors in the serving space, so that a search can show it."""
    active = sa.select(sa.cast(meta.c.value, sa.Integer)).where(meta.c.key == ACTIVE).scalar_subquery()
    query = sa.select(indexed.c.generation).where(
        indexed.c.video_id == video_id, indexed.c.space_id == active
    )
    return connection.execute(query).first() is not None


def video_of_hash(connection: Connection, full_hash: str) -> int | None:
    """The video with this content hash."""
    return connection.execute(sa.select(video.c.id).where(video.c.hash == full_hash)).scalar()


def identity_of(connection: Connection, video_id: int) -> Identity:
    """Size and hashes of a video."""
    row = connection.execute(sa.select(video).where(video.c.id == video_id)).one()
    return Identity(row.size, row.partial_hash, row.hash)


def ensure_video(connection: Connection, identity: Identity, info: MediaInfo, duration: float) -> int:
    """The video of this content, made or with its metadata brought up to date."""
    values: dict[str, Any] = {name: getattr(info, name) for name in INFO_COLUMNS}
    values |= {"duration_seconds": duration, "tags": dict(info.tags)}
    values["streams"] = [dataclasses.asdict(stream) for stream in info.streams]
    values |= {"size": identity.size, "partial_hash": identity.partial_hash}
    upsert = insert(video).values(hash=identity.hash, added_at=time.time(), **values)
    upsert = upsert.on_conflict_do_update(index_elements=["hash"], set_=values)
    return int(connection.execute(upsert.returning(video.c.id)).scalar_one())


def add_extraction(
    connection: Connection,
    video_id: int,
    *,
    frame_file: str,
    decoder: str,
    sampling: str,
    seconds: Sequence[float],
    outline: Outline,
    first_look: bool = False,
) -> int:
    """Record one decoding of a video: its frames, cuts and segments."""
    new = sa.insert(extraction).values(
        video_id=video_id,
        frame_file=frame_file,
        decoder=decoder,
        sampling=sampling,
        frames=len(seconds),
        cuts=list(outline.cuts),
        damaged_packets=outline.damaged_packets,
        first_look=first_look,
        created_at=time.time(),
    )
    extraction_id = int(connection.execute(new.returning(extraction.c.id)).scalar_one())
    frames = [{"extraction_id": extraction_id, "ordinal": n, "seconds": s} for n, s in enumerate(seconds)]
    connection.execute(sa.insert(frame), frames)
    segments = [
        {"extraction_id": extraction_id, "ordinal": n, **dataclasses.asdict(part)}
        for n, part in enumerate(outline.segments)
    ]
    connection.execute(sa.insert(segment), segments)
    return extraction_id


def undecoded_videos(connection: Connection) -> set[int]:
    """Videos that are known, and whose frames are gone and needed: to be decoded again."""
    return without_frames(connection)


def mark_frames_lost(connection: Connection, ids: Sequence[int]) -> None:
    """Note that the cached frames of these extractions are gone; what is visible of them stays."""
    for number in ids:
        values = {"frame_file": f"{LOST}{number}"}
        connection.execute(sa.update(extraction).where(extraction.c.id == number).values(**values))


# Files that were not indexed


def failures(connection: Connection, folders: Sequence[Path] | None = None) -> dict[Path, Failure]:
    """Files that could not be read, all or those inside the folders."""
    query = sa.select(failure).order_by(failure.c.id)
    if folders is None:
        return {row.path: _record(Failure, row) for row in connection.execute(query)}
    rows = rows_below(connection, query, failure.c.path, folders)
    return {row.path: _record(Failure, row) for row in rows}


def due_failures(connection: Connection, now: float) -> list[Path]:
    """Files whose next try is due, the longest overdue first."""
    due = sa.or_(failure.c.next_at <= now, failure.c.next_at > now + LONGEST_WAIT_SECONDS)
    waiting = sa.select(failure.c.path).where(failure.c.state == "waiting", due)
    return list(connection.execute(waiting.order_by(failure.c.next_at)).scalars())


def next_due(connection: Connection) -> float | None:
    """The Unix time at which the next file is due, None where none waits."""
    query = sa.select(sa.func.min(failure.c.next_at)).where(failure.c.state == "waiting")
    return connection.execute(query).scalar()


def set_failure(connection: Connection, record: Failure) -> None:
    """Remember why a file could not be read."""
    values = dataclasses.asdict(record)
    path = values.pop("path")
    values["updated_at"] = time.time()
    upsert = insert(failure).values(path=path, **values)
    connection.execute(upsert.on_conflict_do_update(index_elements=["path"], set_=values))


def clear_failure(connection: Connection, path: Path) -> None:
    """A file was read after all, or is gone."""
    connection.execute(sa.delete(failure).where(failure.c.path == path))


def skips(connection: Connection, folders: Sequence[Path]) -> dict[Path, sa.Row[Any]]:
    """Files without a film, by path: size, mtime_ns, reason."""
    return {row.path: row for row in rows_below(connection, sa.select(skipped), skipped.c.path, folders)}


def set_skip(connection: Connection, path: Path, *, size: int, mtime_ns: int, reason: str) -> None:
    """Remember that a file has no film, so that it is not opened again while it stays the same."""
    values = {"size": size, "mtime_ns": mtime_ns, "reason": reason}
    upsert = insert(skipped).values(path=path, **values)
    connection.execute(upsert.on_conflict_do_update(index_elements=["path"], set_=values))


def clear_skip(connection: Connection, path: Path) -> None:
    """The file is gone or has become a film."""
    connection.execute(sa.delete(skipped).where(skipped.c.path == path))


# What is visible


def visible_frames(connection: Connection, space_id: int) -> int:
    """Number of vectors that a search of the space sees."""
    shown = sa.and_(location.c.video_id.is_not(None), location.c.forgotten_at.is_(None))
    placed = indexed.c.video_id.in_(sa.select(location.c.video_id).where(shown))
    total = sa.select(sa.func.coalesce(sa.func.sum(indexed.c.vectors), 0))
    return int(connection.execute(total.where(indexed.c.space_id == space_id, placed)).scalar_one())
