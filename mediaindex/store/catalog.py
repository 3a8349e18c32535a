"""What SQLite knows of videos, the places where they lie, and the files that could not be read.

Every function takes a connection inside a transaction of `Library.read` or `Library.write`.
"""

from __future__ import annotations

import dataclasses
import os
import time
from collections.abc import Sequence
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
    source,
    video,
    volume,
)
from mediaindex.store.spaces import ACTIVE, LOST, newest_extraction, remove_unplaced_videos

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


# Locations


def locations_below(connection: Connection, folders: Sequence[Path]) -> dict[Path, Location]:
    """Every known location inside the folders (or equal to one), by path."""
    where = sa.or_(*(below(location.c.path, folder) for folder in folders))
    rows = connection.execute(sa.select(location).where(where))
    return {row.path: _record(Location, row) for row in rows}


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


def update_location(connection: Connection, location_id: int, **values: Any) -> None:
    """Change columns of one location."""
    connection.execute(sa.update(location).where(location.c.id == location_id).values(**values))


def unconfirmed(connection: Connection) -> list[Location]:
    """Locations whose identity still rests on size and partial hash."""
    query = sa.select(location).where(location.c.confirmed.is_(False), location.c.missing_since.is_(None))
    return [_record(Location, row) for row in connection.execute(query.order_by(location.c.id))]


def remove_locations(connection: Connection, ids: Sequence[int]) -> list[int]:
    """Forget locations; the videos that went with them because no other location names them."""
    found = connection.execute(sa.select(location).where(location.c.id.in_(ids))).all()
    connection.execute(sa.delete(location).where(location.c.id.in_(ids)))
    contents = [content for row in found for content in (row.video_id, row.next_video_id) if content]
    return remove_unplaced_videos(connection, contents)


def ensure_volume(connection: Connection, *, uid: str, label: str | None, mount_point: Path) -> int:
    """The id of a volume, its label and mount point brought up to date."""
    values = {"label": label, "mount_point": mount_point}
    upsert = insert(volume).values(uid=uid, **values)
    upsert = upsert.on_conflict_do_update(index_elements=["uid"], set_=values)
    return int(connection.execute(upsert.returning(volume.c.id)).scalar_one())


def add_source(connection: Connection, path: Path) -> None:
    """Remember a root; one that is known stays as it was."""
    connection.execute(insert(source).values(path=path, added_at=time.time()).on_conflict_do_nothing())


def sources(connection: Connection) -> list[Path]:
    """The roots that were ever indexed, in the order they came."""
    return list(connection.execute(sa.select(source.c.path).order_by(source.c.id)).scalars())


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
    """Videos whose cached frames were lost: known, and to be decoded again."""
    lost = extraction.c.frame_file.like(f"{LOST}%")
    newest = extraction.c.id.in_(newest_extraction())
    return set(connection.execute(sa.select(extraction.c.video_id).where(newest, lost)).scalars())


def mark_frames_lost(connection: Connection, ids: Sequence[int]) -> None:
    """Note that the cached frames of these extractions are gone; what is visible of them stays."""
    for number in ids:
        values = {"frame_file": f"{LOST}{number}"}
        connection.execute(sa.update(extraction).where(extraction.c.id == number).values(**values))


# Files that were not indexed


def failures(connection: Connection, folders: Sequence[Path] | None = None) -> dict[Path, Failure]:
    """Files that could not be read, all or those inside the folders."""
    query = sa.select(failure).order_by(failure.c.id)
    if folders is not None:
        query = query.where(sa.or_(*(below(failure.c.path, folder) for folder in folders)))
    return {row.path: _record(Failure, row) for row in connection.execute(query)}


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
    where = sa.or_(*(below(skipped.c.path, folder) for folder in folders))
    return {row.path: row for row in connection.execute(sa.select(skipped).where(where))}


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
    total = sa.select(sa.func.coalesce(sa.func.sum(indexed.c.vectors), 0))
    return int(connection.execute(total.where(indexed.c.space_id == space_id)).scalar_one())
