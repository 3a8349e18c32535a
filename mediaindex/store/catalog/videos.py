"""What SQLite knows of contents: their identity, metadata and decodings.

Every function takes a connection inside a transaction of `Library.read` or `Library.write`.
"""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy import Connection
from sqlalchemy.dialects.sqlite import insert

from mediaindex.store.catalog.database import active_space_id, in_chunks
from mediaindex.store.catalog.schema import (
    METADATA,
    extraction,
    frame,
    garbage,
    garbage_blob,
    indexed,
    location,
    segment,
    space,
    total,
    video,
)

if TYPE_CHECKING:  # only the writer makes such values
    from mediaindex.media import MediaInfo, Segmentation

LOST = "lost/"
"""What stands in `extraction.frame_file` before the id where the cached frames are gone."""
EVICTED = "evicted/"
"""What stands there before the blob's name where the frames were evicted for the cache's limit."""


class Identity(NamedTuple):
    """What tells one content from another. `hash` is None until the file was read in full."""

    size: int
    partial_hash: str
    hash: str | None


def alike(connection: Connection, size: int, partial_hash: str) -> int | None:
    """A video of this size and partial hash: the same content, until the full hash says otherwise."""
    same = sa.and_(video.c.size == size, video.c.partial_hash == partial_hash)
    return connection.execute(sa.select(video.c.id).where(same).order_by(video.c.id).limit(1)).scalar()


def is_placed(content: int | sa.Column[int]) -> sa.ColumnElement[bool]:
    """Whether a location shows a content (a video's id, or the column of it), or is about to."""
    return sa.or_(location.c.video_id == content, location.c.next_video_id == content)


def is_shown(connection: Connection, video_id: int) -> bool:
    """Whether a video has vectors in the serving space, so that a search can show it."""
    query = sa.select(indexed.c.generation).where(
        indexed.c.video_id == video_id, indexed.c.space_id == active_space_id(connection)
    )
    return connection.execute(query).first() is not None


def added_at(connection: Connection, video_id: int) -> float:
    """When a video came into the library, Unix time."""
    return float(connection.execute(sa.select(video.c.added_at).where(video.c.id == video_id)).scalar_one())


def identity_of(connection: Connection, video_id: int) -> Identity:
    """Size and hashes of a video."""
    row = connection.execute(sa.select(video).where(video.c.id == video_id)).one()
    return Identity(row.size, row.partial_hash, row.hash)


def ensure_video(connection: Connection, identity: Identity, info: MediaInfo, duration: float) -> int:
    """The video of this content, made or with its metadata brought up to date."""
    values = metadata_values(info) | {"duration_seconds": duration}
    values |= {"size": identity.size, "partial_hash": identity.partial_hash}
    upsert = insert(video).values(hash=identity.hash, added_at=time.time(), **values)
    upsert = upsert.on_conflict_do_update(index_elements=["hash"], set_=values)
    return int(connection.execute(upsert.returning(video.c.id)).scalar_one())


def metadata_values(info: MediaInfo) -> dict[str, Any]:
    """What the columns of `schema.METADATA` hold of a file."""
    values: dict[str, Any] = {name: getattr(info, name) for name in METADATA}
    return values | {
        "duration_seconds": info.duration_seconds or 0.0,
        "tags": dict(info.tags),
        "streams": [dataclasses.asdict(stream) for stream in info.streams],
    }


def add_extraction(
    connection: Connection,
    video_id: int,
    *,
    frame_file: str,
    decoder: str,
    sampling: str,
    seconds: Sequence[float],
    outline: Segmentation,
    first_look: bool = False,
) -> int:
    """Record one decoding of a video: its frames, cuts and segments; the size of its blob is noted apart."""
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


def known_extractions(connection: Connection, ids: Sequence[int]) -> set[int]:
    """Those of these extractions that are still there."""
    known: set[int] = set()
    for chunk in in_chunks(ids):
        known |= set(
            connection.execute(sa.select(extraction.c.id).where(extraction.c.id.in_(chunk))).scalars()
        )
    return known


def mark_frames_lost(connection: Connection, ids: Sequence[int]) -> None:
    """Note that the cached frames of these extractions are gone; what is visible of them stays."""
    for number in ids:
        values = {"frame_file": f"{LOST}{number}", "blob_bytes": 0}
        connection.execute(sa.update(extraction).where(extraction.c.id == number).values(**values))


def visible_frames(connection: Connection, space_id: int) -> int:
    """Number of vectors that a search of the space sees: all of it without the few that no place shows."""
    every = sa.select(space.c.vectors).where(space.c.id == space_id)
    unshown = sa.select(sa.func.coalesce(sa.func.sum(indexed.c.vectors), 0))
    unshown = unshown.where(indexed.c.space_id == space_id, indexed.c.video_id.in_(_unshown_contents()))
    return int((connection.execute(every).scalar() or 0) - connection.execute(unshown).scalar_one())


def _unshown_contents() -> sa.CompoundSelect[Any]:
    """Contents that no place shows now: it is forgotten, or shows something else until they are embedded."""
    shown = location.alias()
    rare = {
        location.c.video_id: location.c.forgotten_at.is_not(None),
        location.c.next_video_id: location.c.next_video_id.is_not(None),
    }
    return sa.union(
        *(
            sa.select(content).where(
                is_rare,
                content.is_not(None),
                ~sa.select(shown.c.id)
                .where(shown.c.video_id == content, shown.c.forgotten_at.is_(None))
                .exists(),
            )
            for content, is_rare in rare.items()
        )
    )


class Contents(NamedTuple):
    """How much the contents are that lie at a place which is not forgotten.

    Attributes:
        videos: how many. seconds: their length. segments: of their newest decodings.
    """

    videos: int
    seconds: float
    segments: int


def contents(connection: Connection) -> Contents:
    """Count the contents that are not forgotten: the totals without the few that are."""
    hidden = _hidden_contents()
    every = connection.execute(sa.select(total.c.videos, total.c.milliseconds, total.c.segments)).one()
    hidden_of = sa.select(sa.func.count(), sa.func.coalesce(sa.func.sum(milliseconds()), 0))
    videos, length = connection.execute(hidden_of.select_from(video).where(video.c.id.in_(hidden))).one()
    not_counted = sa.union(
        sa.select(extraction.c.id).where(~is_newest()),
        sa.select(extraction.c.id).where(extraction.c.video_id.in_(hidden)),
    )
    segments = sa.select(sa.func.count()).select_from(segment)
    segments = segments.where(segment.c.extraction_id.in_(not_counted))
    return Contents(
        every.videos - videos,
        (every.milliseconds - length) / 1000,
        every.segments - connection.execute(segments).scalar_one(),
    )


def milliseconds() -> sa.ColumnElement[int]:
    """The length of a video as `total.milliseconds` has it."""
    return sa.cast(1000 * sa.func.min(video.c.duration_seconds, 1e9) + 0.5, sa.Integer)


def _hidden_contents() -> sa.CompoundSelect[Any]:
    """Contents that lie at forgotten places alone."""
    shown = location.alias()
    parts = []
    for column in (location.c.video_id, location.c.next_video_id):
        here = sa.or_(shown.c.video_id == column, shown.c.next_video_id == column)
        elsewhere = sa.select(shown.c.id).where(here, shown.c.forgotten_at.is_(None)).exists()
        parts.append(
            sa.select(column).where(location.c.forgotten_at.is_not(None), column.is_not(None), ~elsewhere)
        )
    return sa.union(*parts)


def is_newest() -> sa.ColumnElement[bool]:
    """Whether an extraction (the outer query's) is the newest of its video."""
    return ~extraction.c.replaced


def is_cached() -> sa.ColumnElement[bool]:
    """Whether the frames of an extraction are in the cache, as far as the catalog knows."""
    return sa.not_(sa.or_(_is_marked(LOST), _is_marked(EVICTED)))


def _is_marked(mark: str) -> sa.ColumnElement[bool]:
    """Whether the name of an extraction's blob begins with a mark: a range, which an index answers."""
    after = mark[:-1] + chr(ord(mark[-1]) + 1)
    return sa.and_(extraction.c.frame_file >= mark, extraction.c.frame_file < after)


def without_frames(connection: Connection) -> set[int]:
    """Videos to be decoded again: their frames were lost, or were evicted and are needed again.

    Evicted frames are needed where the serving space has no vectors of them.
    """
    evicted = _is_marked(EVICTED)
    active = active_space_id(connection)
    if active is not None:
        evicted = sa.and_(evicted, ~has_vectors(active))
    query = sa.select(extraction.c.video_id).where(sa.or_(_is_marked(LOST), evicted), is_newest())
    return set(connection.execute(query).scalars())


def any_evicted(connection: Connection, *, beside: int | None) -> bool:
    """Whether a video has no cached frames, so that a space cannot get vectors of it without decoding.

    Args:
        beside: the space that may have them already; None for one that has not begun.
    """
    gone = sa.select(extraction.c.id).where(sa.or_(_is_marked(LOST), _is_marked(EVICTED)), is_newest())
    if beside is not None:
        gone = gone.where(~has_vectors(beside))
    return connection.execute(gone.limit(1)).first() is not None


def has_vectors(space_id: int) -> sa.ColumnElement[bool]:
    """Whether an extraction (the outer query's) has vectors in a space."""
    here = sa.and_(indexed.c.extraction_id == extraction.c.id, indexed.c.space_id == space_id)
    return sa.select(indexed.c.generation).where(here).exists()


def found(connection: Connection) -> int:
    """Number of videos that have vectors in the serving space."""
    count = sa.select(sa.func.count()).select_from(indexed)
    return int(
        connection.execute(count.where(indexed.c.space_id == active_space_id(connection))).scalar_one()
    )


def without_vectors(connection: Connection) -> set[int]:
    """Videos that a place shows, though the serving space has no vectors of them.

    What was never decoded in full, or waits at its place to be shown, is not among them. Nor is anything
    before a space serves.
    """
    active = active_space_id(connection)
    if active is None:
        return set()
    waits = sa.and_(location.c.next_video_id.is_not(None), location.c.next_video_id == location.c.video_id)
    has = sa.select(indexed.c.video_id).where(indexed.c.space_id == active)
    query = sa.select(video.c.id).join(location, location.c.video_id == video.c.id)
    return set(
        connection.execute(query.where(video.c.hash.is_not(None), ~waits, video.c.id.not_in(has))).scalars()
    )


def cached_frames(connection: Connection) -> int:
    """Frames of the newest extractions, which is what an encoder has to embed."""
    replaced = sa.select(sa.func.coalesce(sa.func.sum(extraction.c.frames), 0)).where(~is_newest())
    return int(connection.execute(sa.select(total.c.frames - replaced.scalar_subquery())).scalar_one())


def remove_unplaced_videos(connection: Connection, candidates: Iterable[int]) -> list[int]:
    """Remove those of these videos that no location names any more; their vectors become garbage."""
    gone = []
    for video_id in set(candidates):
        if connection.execute(sa.select(location.c.id).where(is_placed(video_id)).limit(1)).first():
            continue
        rows = connection.execute(
            sa.select(indexed.c.generation, indexed.c.space_id).where(indexed.c.video_id == video_id)
        )
        throw_away(connection, {row.generation: row.space_id for row in rows})
        # First the rows that refer to extractions: a cascade checks that reference too early.
        connection.execute(sa.delete(indexed).where(indexed.c.video_id == video_id))
        connection.execute(sa.delete(video).where(video.c.id == video_id))
        gone.append(video_id)
    return gone


def throw_away(connection: Connection, generations: Mapping[int, int]) -> None:
    """Note generations (→ space) for the sweeper."""
    if generations:
        rows = [{"generation": g, "space_id": s} for g, s in generations.items()]
        connection.execute(insert(garbage).on_conflict_do_nothing(), rows)


def throw_away_blobs(connection: Connection, names: Iterable[str]) -> None:
    """Note blobs of the frame cache that no row names for the sweeper."""
    rows = [{"frame_file": name} for name in names]
    if rows:
        connection.execute(insert(garbage_blob).on_conflict_do_nothing(), rows)


def blobs_thrown_away(connection: Connection) -> list[str]:
    """Blobs that the sweeper has to remove: their rows are gone, or name another."""
    named = sa.select(extraction.c.id).where(extraction.c.frame_file == garbage_blob.c.frame_file)
    return list(connection.execute(sa.select(garbage_blob.c.frame_file).where(~named.exists())).scalars())


def forget_blobs(connection: Connection, names: Sequence[str]) -> None:
    """The sweeper has removed these blobs."""
    for chunk in in_chunks(names):
        connection.execute(sa.delete(garbage_blob).where(garbage_blob.c.frame_file.in_(chunk)))


def unnamed_blobs(connection: Connection, names: Sequence[str]) -> list[str]:
    """Those of these blobs that no row names, nor was thrown away."""
    known: set[str] = set()
    for chunk in in_chunks(names):
        for column in (extraction.c.frame_file, garbage_blob.c.frame_file):
            known |= set(connection.execute(sa.select(column).where(column.in_(chunk))).scalars())
    return [name for name in names if name not in known]


def unmeasured_blobs(connection: Connection, names: Sequence[str]) -> list[str]:
    """Those of these blobs whose size no row tells."""
    found: list[str] = []
    for chunk in in_chunks(names):
        here = sa.and_(extraction.c.frame_file.in_(chunk), extraction.c.blob_bytes.is_(None))
        found += connection.execute(sa.select(extraction.c.frame_file).where(here)).scalars()
    return found


def note_blob_sizes(connection: Connection, sizes: Mapping[str, int]) -> None:
    """Record the sizes of blobs."""
    if sizes:
        here = sa.update(extraction).where(extraction.c.frame_file == sa.bindparam("name"))
        rows = [{"name": name, "size": size} for name, size in sizes.items()]
        connection.execute(here.values(blob_bytes=sa.bindparam("size")), rows)


def note_absent_blobs(connection: Connection) -> None:
    """After all blobs that are there were measured: the others take no room."""
    unknown = sa.update(extraction).where(extraction.c.blob_bytes.is_(None))
    connection.execute(unknown.values(blob_bytes=0))


def cached_bytes(connection: Connection) -> int | None:
    """Size of all blobs that rows name; None while that of some is not known."""
    known = connection.execute(sa.select(total.c.blob_bytes, total.c.unmeasured_blobs)).one()
    return None if known.unmeasured_blobs else int(known.blob_bytes)
