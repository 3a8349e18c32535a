"""Embedding spaces and what is visible in them: the rows `space`, `indexed` and `garbage`.

An `indexed` row is visibility: a vector whose generation no such row names does not exist for a
search, wherever it is stored.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy import Connection

from mediaindex.store.catalog.database import ACTIVE, get_meta, in_chunks, set_meta
from mediaindex.store.catalog.locations import Location, leave, record
from mediaindex.store.catalog.schema import extraction, indexed, location, space, total
from mediaindex.store.catalog.videos import has_vectors, is_cached, is_newest, throw_away


@dataclass(frozen=True, slots=True)
class Space:
    """One embedding space: an encoder with its weights and its preprocessing.

    Attributes:
        scorer: digest of the scorer whose evidence of regions it is to have, None for none.
        vectors, scored: how many it has, and how many of these have that.
    """

    id: int
    encoder: str
    digest: str
    preprocessing: str
    dim: int
    evidence_dim: int | None
    blend: float
    state: str
    scorer: str | None = field(default=None, compare=False)
    vectors: int = field(default=0, compare=False)
    scored: int = field(default=0, compare=False)


def _space(row: sa.Row[Any] | None) -> Space | None:
    return None if row is None else record(Space, row)


def active_space(connection: Connection) -> Space | None:
    """The space that answers queries."""
    chosen = get_meta(connection, ACTIVE)
    if chosen is None:
        return None
    return _space(connection.execute(sa.select(space).where(space.c.id == int(chosen))).first())


def all_spaces(connection: Connection) -> list[Space]:
    """Every space, oldest first."""
    rows = connection.execute(sa.select(space).order_by(space.c.id))
    return [record(Space, row) for row in rows]


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


def set_scorer(connection: Connection, space_id: int, scorer: str | None) -> None:
    """Let a space have the evidence of another scorer; that of the one before is counted no more."""
    is_other = space.c.scorer.is_distinct_from(scorer)
    connection.execute(sa.update(space).where(space.c.id == space_id, is_other).values(scorer=scorer))


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


class Unembedded(NamedTuple):
    """A video whose frames lie in the frame cache and have no vectors in a space."""

    video_id: int
    extraction_id: int
    frame_file: str
    frames: int


def missing_vectors(connection: Connection, space_id: int) -> list[Unembedded]:
    """Newest extractions that have frames and no vectors in the space."""
    query = sa.select(extraction.c.video_id, extraction.c.id, extraction.c.frame_file, extraction.c.frames)
    own = sa.and_(indexed.c.video_id == extraction.c.video_id, indexed.c.space_id == space_id)
    query = query.select_from(extraction.outerjoin(indexed, own))
    # Most have vectors: only of the others it is asked whether they are the newest.
    lacks_vectors = indexed.c.extraction_id.is_distinct_from(extraction.c.id)
    query = query.where(sa.case((lacks_vectors, is_newest()), else_=sa.false()), is_cached())
    rows = connection.execute(query.order_by(extraction.c.id))
    return [Unembedded(row.video_id, row.id, row.frame_file, row.frames) for row in rows]


def missing_regions(connection: Connection, space_id: int, scorer: str) -> list[Unembedded]:
    """What has vectors in the space, no evidence of the scorer, and frames to make it from."""
    query = sa.select(extraction.c.video_id, extraction.c.id, extraction.c.frame_file, extraction.c.frames)
    query = query.join(indexed, indexed.c.extraction_id == extraction.c.id)
    lacks = (indexed.c.space_id == space_id, indexed.c.scorer.is_distinct_from(scorer))
    rows = connection.execute(query.where(*lacks, is_newest(), is_cached()).order_by(extraction.c.id))
    return [Unembedded(row.video_id, row.id, row.frame_file, row.frames) for row in rows]


def evicted_without_regions(connection: Connection, space_id: int, scorer: str) -> list[int]:
    """Videos with vectors in the space, no evidence of the scorer, and no cached frames."""
    query = sa.select(indexed.c.video_id).join(extraction, indexed.c.extraction_id == extraction.c.id)
    lacks = (indexed.c.space_id == space_id, indexed.c.scorer.is_distinct_from(scorer))
    return list(connection.execute(query.where(*lacks, ~is_cached())).scalars())


def scorers(connection: Connection, space_id: int) -> dict[int, str]:
    """generation → the scorer whose evidence it has, for what is visible in the space."""
    query = sa.select(indexed.c.generation, indexed.c.scorer)
    query = query.where(indexed.c.space_id == space_id, indexed.c.scorer.is_not(None))
    return {row.generation: row.scorer for row in connection.execute(query)}


def generations_of(
    connection: Connection, space_id: int, extractions: Sequence[int]
) -> dict[int, tuple[int, int]]:
    """extraction → the generation of its vectors in the space, and how many there are."""
    query = sa.select(indexed.c.extraction_id, indexed.c.generation, indexed.c.vectors)
    return {
        row.extraction_id: (row.generation, row.vectors)
        for chunk in in_chunks(extractions)
        for row in connection.execute(
            query.where(indexed.c.space_id == space_id, indexed.c.extraction_id.in_(chunk))
        )
    }


def note_regions(connection: Connection, generations: Sequence[int], scorer: str | None) -> None:
    """The evidence of a scorer lies beside the vectors of these generations; None for none."""
    for chunk in in_chunks(generations):
        here = sa.update(indexed).where(indexed.c.generation.in_(chunk))
        connection.execute(here.values(scorer=scorer))


def missing_count(connection: Connection, space_id: int) -> int:
    """How many extractions `missing_vectors` lists, from the totals.

    They are the newest ones without those that have vectors, and without those that have neither vectors nor
    cached frames.
    """
    replaced = sa.select(extraction.c.id).where(~is_newest())
    count, own = sa.select(sa.func.count()), indexed.c.space_id == space_id
    every, of_replaced, embedded, embedded_of_replaced = connection.execute(
        sa.select(
            total.c.extractions,
            count.select_from(replaced.subquery()).scalar_subquery(),
            sa.select(space.c.videos).where(space.c.id == space_id).scalar_subquery(),
            count.where(own, indexed.c.extraction_id.in_(replaced)).scalar_subquery(),
        )
    ).one()
    without = every - of_replaced - (embedded - embedded_of_replaced)
    if not without:
        return 0
    uncached = count.select_from(extraction).where(is_newest(), ~is_cached())
    return int(without) - int(connection.execute(uncached.where(~has_vectors(space_id))).scalar_one())


def owned(connection: Connection, space_id: int) -> dict[int, int]:
    """generation → number of vectors, for what is visible in the space."""
    query = sa.select(indexed.c.generation, indexed.c.vectors).where(indexed.c.space_id == space_id)
    return {row.generation: row.vectors for row in connection.execute(query)}


def vector_count(connection: Connection, space_id: int) -> int:
    """How many vectors are visible in the space."""
    total = sa.select(sa.func.sum(indexed.c.vectors)).where(indexed.c.space_id == space_id)
    return connection.execute(total).scalar() or 0


def extractions_of(connection: Connection, space_id: int, generations: Sequence[int]) -> dict[int, int]:
    """generation → the extraction whose frames its vectors are, for what is visible in the space."""
    query = sa.select(indexed.c.generation, indexed.c.extraction_id).where(indexed.c.space_id == space_id)
    return {
        row.generation: row.extraction_id
        for chunk in in_chunks(generations)
        for row in connection.execute(query.where(indexed.c.generation.in_(chunk)))
    }


def make_visible(
    connection: Connection,
    *,
    video_id: int,
    space_id: int,
    extraction_id: int,
    generation: int,
    vectors: int,
    scorer: str | None = None,
) -> None:
    """Let the vectors of one video be found, in place of those it had.

    Args:
        scorer: whose evidence lies beside them.
    """
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
            scorer=scorer,
        )
    )
    if get_meta(connection, ACTIVE) == str(space_id):
        _show_waiting(connection, location.c.next_video_id == video_id)


def _show_waiting(connection: Connection, waiting: sa.ColumnElement[bool]) -> None:
    """Let locations show the content that waited for its vectors."""
    before = [record(Location, row) for row in connection.execute(sa.select(location).where(waiting))]
    connection.execute(
        sa.update(location).where(waiting).values(video_id=location.c.next_video_id, next_video_id=None)
    )
    leave(connection, before)
