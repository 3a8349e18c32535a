"""Embedding spaces and what is visible in them: the rows `space`, `indexed` and `garbage`.

An `indexed` row is visibility: a vector whose generation no such row names does not exist for a
search, wherever it is stored.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection
from sqlalchemy.dialects.sqlite import insert

from mediaindex.store.schema import extraction, garbage, indexed, location, meta, space, video

ACTIVE = "active_space"
EPOCH = "sweep_epoch"
CLEAN = "clean"
"""1 where the last writer ended in order, so that the vectors need no look for what a kill left."""
IDENTITY = "library"
"""A random name, by which a backup knows whose it is."""
LOST = "lost/"
"""What stands in `extraction.frame_file` before the id where the cached frames are gone."""
EVICTED = "evicted/"
"""What stands there before the blob's name where the frames were given up for the cache's limit."""


@dataclass(frozen=True, slots=True)
class Space:
    """One embedding space: an encoder with its weights and its preprocessing."""

    id: int
    encoder: str
    digest: str
    preprocessing: str
    dim: int
    evidence_dim: int | None
    blend: float
    state: str


def _space(row: sa.Row[Any] | None) -> Space | None:
    return None if row is None else Space(**{key: row._mapping[key] for key in Space.__slots__})


def get_meta(connection: Connection, key: str) -> str | None:
    """One value of `meta`."""
    return connection.execute(sa.select(meta.c.value).where(meta.c.key == key)).scalar()


def set_meta(connection: Connection, key: str, value: str) -> None:
    """Set one value of `meta`."""
    upsert = insert(meta).values(key=key, value=value)
    connection.execute(upsert.on_conflict_do_update(index_elements=["key"], set_={"value": value}))


def active_space(connection: Connection) -> Space | None:
    """The space that answers queries."""
    chosen = get_meta(connection, ACTIVE)
    if chosen is None:
        return None
    return _space(connection.execute(sa.select(space).where(space.c.id == int(chosen))).first())


def all_spaces(connection: Connection) -> list[Space]:
    """Every space, oldest first."""
    rows = connection.execute(sa.select(space).order_by(space.c.id))
    return [found for row in rows if (found := _space(row)) is not None]


def ensure_space(connection: Connection, **identity: Any) -> Space:
    """The space of this encoder, weights and preprocessing, made where it does not exist.

    The first space of a library serves at once: there is nothing older to serve meanwhile.
    """
    keys = ("encoder", "digest", "preprocessing")
    same = sa.and_(*(space.c[key] == identity[key] for key in keys))
    found = _space(connection.execute(sa.select(space).where(same)).first())
    if found is None:
        first = get_meta(connection, ACTIVE) is None
        state = "serving" if first else "building"
        new = sa.insert(space).values(**identity, state=state, created_at=time.time())
        number: int = connection.execute(new.returning(space.c.id)).scalar_one()
        if first:
            set_meta(connection, ACTIVE, str(number))
        found = _space(connection.execute(sa.select(space).where(space.c.id == number)).one())
    elif found.state == "dropping":
        # Its table may be half gone: a new row, with a table of its own, takes the identity.
        retired = f"{found.preprocessing} (dropped {found.id})"
        connection.execute(sa.update(space).where(space.c.id == found.id).values(preprocessing=retired))
        return ensure_space(connection, **identity)
    assert found is not None
    return found


def switch_space(connection: Connection, target: int) -> None:
    """Let another space serve; the one before is dropped by the next sweep."""
    old = get_meta(connection, ACTIVE)
    if old == str(target):
        return
    if old is not None:
        connection.execute(sa.update(space).where(space.c.id == int(old)).values(state="dropping"))
    connection.execute(sa.update(space).where(space.c.id == target).values(state="serving"))
    set_meta(connection, ACTIVE, str(target))
    complete = sa.select(indexed.c.video_id).where(indexed.c.space_id == target)
    _show_waiting(connection, location.c.next_video_id.in_(complete))


def newest_extraction() -> sa.Select[tuple[int]]:
    """The ids of the newest extraction of each video."""
    return sa.select(sa.func.max(extraction.c.id)).group_by(extraction.c.video_id)


@dataclass(frozen=True, slots=True)
class Unembedded:
    """A video whose frames lie in the frame cache and have no vectors in a space."""

    video_id: int
    extraction_id: int
    frame_file: str
    frames: int


def missing_vectors(connection: Connection, space_id: int) -> list[Unembedded]:
    """Newest extractions that have frames and no vectors in the space."""
    has = sa.select(indexed.c.extraction_id).where(indexed.c.space_id == space_id)
    query = sa.select(extraction.c.video_id, extraction.c.id, extraction.c.frame_file, extraction.c.frames)
    query = query.where(extraction.c.id.in_(newest_extraction()), extraction.c.id.not_in(has))
    query = query.where(is_cached())
    rows = connection.execute(query.order_by(extraction.c.id))
    return [Unembedded(row.video_id, row.id, row.frame_file, row.frames) for row in rows]


def is_cached() -> sa.ColumnElement[bool]:
    """Whether the frames of an extraction are in the cache, as far as the catalog knows."""
    file = extraction.c.frame_file
    return sa.and_(file.not_like(f"{LOST}%"), file.not_like(f"{EVICTED}%"))


def without_frames(connection: Connection) -> set[int]:
    """Videos to be decoded again: their frames were lost, or were given up and are needed again.

    Frames that were given up are needed where the serving space has no vectors of them.
    """
    lost = extraction.c.frame_file.like(f"{LOST}%")
    given_up: sa.ColumnElement[bool] = extraction.c.frame_file.like(f"{EVICTED}%")
    active = active_space(connection)
    if active is not None:
        has = sa.select(indexed.c.extraction_id).where(indexed.c.space_id == active.id)
        given_up = sa.and_(given_up, extraction.c.id.not_in(has))
    query = sa.select(extraction.c.video_id).where(extraction.c.id.in_(newest_extraction()))
    return set(connection.execute(query.where(sa.or_(lost, given_up))).scalars())


def cached_frames(connection: Connection) -> int:
    """Frames of the newest extractions, which is what an encoder has to embed."""
    total = sa.select(sa.func.coalesce(sa.func.sum(extraction.c.frames), 0))
    return int(connection.execute(total.where(extraction.c.id.in_(newest_extraction()))).scalar_one())


def owned(connection: Connection, space_id: int) -> dict[int, int]:
    """generation → number of vectors, for what is visible in the space."""
    query = sa.select(indexed.c.generation, indexed.c.vectors).where(indexed.c.space_id == space_id)
    return {row.generation: row.vectors for row in connection.execute(query)}


def make_visible(
    connection: Connection, *, video_id: int, space_id: int, extraction_id: int, generation: int, vectors: int
) -> None:
    """Let the vectors of one video be found, in place of those it had."""
    here = sa.and_(indexed.c.video_id == video_id, indexed.c.space_id == space_id)
    old = connection.execute(sa.select(indexed.c.generation).where(here)).scalars().all()
    throw_away(connection, dict.fromkeys(old, space_id))
    connection.execute(sa.delete(indexed).where(here))
    connection.execute(
        sa.insert(indexed).values(
            video_id=video_id,
            space_id=space_id,
            extraction_id=extraction_id,
            generation=generation,
            vectors=vectors,
        )
    )
    if get_meta(connection, ACTIVE) == str(space_id):
        _show_waiting(connection, location.c.next_video_id == video_id)


def _show_waiting(connection: Connection, waiting: sa.ColumnElement[bool]) -> None:
    """Let locations show the content that waited for its vectors."""
    old = sa.select(location.c.video_id).where(waiting, location.c.video_id.is_not(None))
    replaced = connection.execute(old).scalars().all()
    connection.execute(
        sa.update(location).where(waiting).values(video_id=location.c.next_video_id, next_video_id=None)
    )
    remove_unplaced_videos(connection, replaced)


def remove_unplaced_videos(connection: Connection, candidates: Iterable[int]) -> list[int]:
    """Remove those of these videos that no location names any more; their vectors become garbage."""
    gone = []
    for video_id in set(candidates):
        named = sa.or_(location.c.video_id == video_id, location.c.next_video_id == video_id)
        if connection.execute(sa.select(location.c.id).where(named).limit(1)).first():
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
