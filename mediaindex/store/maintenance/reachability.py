"""Whatever the catalog holds is reached from a place; what is not can never be shown, nor forgotten.

    location → video → extraction → segment, frame, cached frames
                     → indexed → vectors
                     → word, subtitle

A place counts while it is hidden too: `forget --undo` shows it again until it is removed. What else keeps a
content belongs into `_is_kept`. Decodings that were replaced, and what is noted in `garbage`, are for the
sweeper and no fault.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection
from sqlalchemy.schema import sort_tables

from mediaindex.store.catalog.database import ACTIVE, active_space_id, in_chunks
from mediaindex.store.catalog.schema import (
    extraction,
    frame,
    indexed,
    location,
    meta,
    metadata,
    space,
    subtitle,
    video,
    word,
)
from mediaindex.store.catalog.videos import is_cached, is_placed, remove_unplaced_videos, throw_away
from mediaindex.store.evaluations import tables as evaluation_tables
from mediaindex.store.notes import verdict_tables

_TABLES = {*metadata.tables.values(), *evaluation_tables.TABLES, *verdict_tables.TABLES}
ALL_TABLES: Sequence[sa.Table] = sort_tables(sorted(_TABLES, key=lambda table: table.name))
"""Every table of the catalog, each after those that it refers to."""


@dataclass(frozen=True, slots=True)
class Unreached:
    """Ids of what nothing leads to.

    Attributes:
        orphans: table → number of its rows whose parent is gone.
        videos: contents that lie nowhere.
        places: they show nothing and are not forgotten.
        subtitles, words: of a content that their place does not show.
        generations: vectors of one video's frames that another claims.
        incomplete: decodings whose frames are not all in the catalog.
        serves_nothing: the space that should serve is gone.
    """

    orphans: dict[str, int]
    videos: list[int]
    places: list[int]
    subtitles: list[int]
    words: list[int]
    generations: list[int]
    incomplete: list[int]
    serves_nothing: bool

    @property
    def problems(self) -> list[str]:
        """A line for each kind that was found."""
        words = len(self.subtitles) + len(self.words)
        counts = {
            "{} videos lie at no path": len(self.videos),
            "{} paths have no video": len(self.places),
            "{} words and subtitles belong to another video than lies at their path": words,
            "{} videos show the frames of another": len(self.generations),
            "of {} videos the times of some frames are missing": len(self.incomplete),
            "the embedding space that should answer is missing": int(self.serves_nothing),
        }
        orphans = [
            f"{count} rows of {table} have lost what they belong to" for table, count in self.orphans.items()
        ]
        found = [line.format(count) for line, count in counts.items() if count]
        return [f"library.sqlite: {line}" for line in (*orphans, *found)]


def unreached(connection: Connection) -> Unreached:
    """Look for what nothing leads to; changes nothing."""

    def ids(query: sa.Select[Any]) -> list[int]:
        return list(connection.execute(query).scalars())

    orphans: dict[str, int] = {}
    for key, is_orphan in _orphans():
        table = key.parent.table
        count = connection.execute(
            sa.select(sa.func.count()).select_from(table).where(is_orphan)
        ).scalar_one()
        if count:
            orphans[table.name] = orphans.get(table.name, 0) + count
    return Unreached(
        orphans,
        videos=ids(sa.select(video.c.id).where(~_is_kept())),
        places=ids(sa.select(location.c.id).where(_shows_nothing())),
        subtitles=ids(sa.select(subtitle.c.id).where(_belongs_elsewhere(subtitle))),
        words=ids(sa.select(word.c.id).where(_belongs_elsewhere(word))),
        generations=ids(sa.select(indexed.c.generation).where(_claims_another())),
        incomplete=ids(sa.select(extraction.c.id).where(_lacks_frames(), is_cached())),
        serves_nothing=_serves_nothing(connection),
    )


def remove_unreached(connection: Connection) -> None:
    """Remove it; its vectors become garbage, its cached frames go with the next sweep."""
    # First the rows that refer to extractions: a cascade checks that reference too early.
    lost = sa.or_(_claims_another(), *(orphan for key, orphan in _orphans() if key.parent.table is indexed))
    rows = connection.execute(sa.select(indexed.c.generation, indexed.c.space_id).where(lost)).all()
    throw_away(connection, {row.generation: row.space_id for row in rows})
    for chunk in in_chunks([row.generation for row in rows]):
        connection.execute(sa.delete(indexed).where(indexed.c.generation.in_(chunk)))
    for key, is_orphan in _orphans():
        table = key.parent.table
        if key.ondelete == "SET NULL":
            connection.execute(sa.update(table).where(is_orphan).values({key.parent.name: None}))
        else:
            connection.execute(sa.delete(table).where(is_orphan))
    if _serves_nothing(connection):
        connection.execute(sa.delete(meta).where(meta.c.key == ACTIVE))
    connection.execute(sa.delete(location).where(_shows_nothing()))
    remove_unplaced_videos(
        connection, list(connection.execute(sa.select(video.c.id).where(~_is_kept())).scalars())
    )
    for table in (subtitle, word):
        connection.execute(sa.delete(table).where(_belongs_elsewhere(table)))


def _is_kept() -> sa.ColumnElement[bool]:
    """Whether a content (the outer query's video) lies somewhere."""
    return sa.select(location.c.id).where(is_placed(video.c.id)).exists()


def _shows_nothing() -> sa.ColumnElement[bool]:
    empty = sa.and_(location.c.video_id.is_(None), location.c.next_video_id.is_(None))
    return sa.and_(empty, location.c.forgotten_at.is_(None))


def _belongs_elsewhere(table: sa.Table) -> sa.ColumnElement[bool]:
    """Whether a subtitle or word has a place at which another content lies."""
    here = sa.select(location.c.id).where(location.c.id == table.c.location_id, is_placed(table.c.video_id))
    return sa.and_(table.c.location_id.is_not(None), ~here.exists())


def _claims_another() -> sa.ColumnElement[bool]:
    own = sa.select(extraction.c.id).where(
        extraction.c.id == indexed.c.extraction_id, extraction.c.video_id == indexed.c.video_id
    )
    return ~own.exists()


def _lacks_frames() -> sa.ColumnElement[bool]:
    held = sa.select(sa.func.count()).where(frame.c.extraction_id == extraction.c.id).scalar_subquery()
    return extraction.c.frames != held


def _serves_nothing(connection: Connection) -> bool:
    active = active_space_id(connection)
    return (
        active is not None
        and not connection.execute(sa.select(space.c.id).where(space.c.id == active)).first()
    )


def _orphans() -> Iterator[tuple[sa.ForeignKey, sa.ColumnElement[bool]]]:
    """For each foreign key, parents first: whether a row's parent is gone."""
    for table in ALL_TABLES:
        for key in sorted(table.foreign_keys, key=lambda key: key.parent.name):
            parent = sa.select(key.column).where(key.column == key.parent).exists()
            yield key, sa.and_(key.parent.is_not(None), ~parent)
