"""Videos that are known and not decoded in full yet: their headers first, then one frame.

Such a video has no full hash. When it is decoded its row takes the hash, or, where that content is
known already, its places go to the row that has it.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from mediaindex.media import MediaInfo
from mediaindex.store.catalog.database import active_space_id, in_chunks
from mediaindex.store.catalog.locations import place
from mediaindex.store.catalog.schema import (
    caption,
    extraction,
    indexed,
    location,
    mark,
    pick,
    subtitle,
    video,
    word,
)
from mediaindex.store.catalog.videos import (
    Identity,
    is_newest,
    is_placed,
    metadata_values,
    remove_unplaced_videos,
)


def add_unread_video(connection: Connection, identity: Identity, info: MediaInfo) -> int:
    """A video of which only size, partial hash and headers are known; its id."""
    values = metadata_values(info)
    values |= {"size": identity.size, "partial_hash": identity.partial_hash, "added_at": time.time()}
    return int(connection.execute(sa.insert(video).values(**values).returning(video.c.id)).scalar_one())


def unread_videos(connection: Connection) -> set[int]:
    """Videos that were never decoded in full."""
    looked = sa.and_(extraction.c.first_look, is_newest())
    query = sa.select(video.c.id).where(video.c.hash.is_(None))
    return set(connection.execute(query.union(sa.select(extraction.c.video_id).where(looked))).scalars())


def unread_video_at(connection: Connection, path: Path, identity: Identity) -> int | None:
    """The video at a path that looks like this content and was never decoded in full."""
    query = (
        sa.select(video.c.id)
        .join(location, is_placed(video.c.id))
        .where(
            location.c.path == path,
            video.c.hash.is_(None),
            video.c.size == identity.size,
            video.c.partial_hash == identity.partial_hash,
        )
    )
    return connection.execute(query).scalars().first()


def place_unread(connection: Connection, path: Path, video_id: int, **values: Any) -> int:
    """Show an unread video at a path, where older content is shown only after it; the location's id."""
    old = connection.execute(sa.select(location.c.video_id).where(location.c.path == path)).scalar()
    shown = {"video_id": video_id, "next_video_id": None} if old is None else {"next_video_id": video_id}
    return place(connection, path, confirmed=True, missing_since=None, **shown, **values)


def paths_looked_at(connection: Connection, paths: Sequence[Path]) -> set[Path]:
    """Those of these paths whose newest content has at least one frame."""
    content = sa.func.coalesce(location.c.next_video_id, location.c.video_id)
    has = sa.select(extraction.c.id).where(extraction.c.video_id == content).exists()
    found: set[Path] = set()
    for chunk in in_chunks(paths):
        here = sa.select(location.c.path).where(location.c.path.in_(chunk), has)
        found |= set(connection.execute(here).scalars())
    return found


def unread_seconds(connection: Connection) -> float:
    """Length of all videos that were never decoded in full."""
    total = sa.func.coalesce(sa.func.sum(video.c.duration_seconds), 0.0)
    return float(connection.execute(sa.select(total).where(video.c.hash.is_(None))).scalar_one())


def searchable_share(connection: Connection) -> float:
    """Share of the videos that a search of the serving space finds by a picture, 0..1."""
    space_id = active_space_id(connection)
    videos = connection.execute(sa.select(sa.func.count()).select_from(video)).scalar_one()
    if space_id is None or not videos:
        return 0.0
    seen = sa.select(sa.func.count()).select_from(indexed).where(indexed.c.space_id == space_id)
    return float(connection.execute(seen).scalar_one() / videos)


def take_hash(connection: Connection, path: Path, identity: Identity) -> None:
    """Before a decoded video is recorded: what stands unread at its path becomes that content."""
    unread = unread_video_at(connection, path, identity)
    if unread is None:
        return
    known = connection.execute(sa.select(video.c.id).where(video.c.hash == identity.hash)).scalar()
    if known is None:
        connection.execute(sa.update(video).where(video.c.id == unread).values(hash=identity.hash))
        return
    for column in (location.c.video_id, location.c.next_video_id):
        change = sa.update(location).where(column == unread).values({column.name: known})
        connection.execute(change)
    for table in (word, subtitle):
        own = sa.and_(table.c.video_id == unread, table.c.location_id.is_not(None))
        connection.execute(sa.update(table).where(own).values(video_id=known))
    _give_notes(connection, unread, known)
    remove_unplaced_videos(connection, [unread])


def _give_notes(connection: Connection, unread: int, known: int) -> None:
    """What the user wrote about a video is about the content that it turned out to be."""
    said = sa.select(caption.c.word_id).where(caption.c.video_id == unread)
    connection.execute(sa.update(word).where(word.c.id.in_(said)).values(video_id=known))
    for table in (caption, mark, pick):
        own = sa.update(table).where(table.c.video_id == unread).values(video_id=known)
        # A mark that the content has already stays as it is there.
        connection.execute(own.prefix_with("OR IGNORE"))
