"""All that a library holds, so that two can be compared: numbers and times of writing aside."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bench._report import say

if TYPE_CHECKING:
    import sqlalchemy as sa

    from mediaindex.store.library import Library

Rows = tuple[tuple[Any, ...], ...]


@dataclass(frozen=True, slots=True)
class Stored:
    """What a library holds of one content's frames.

    Attributes:
        segments: (start, end, first frame, frames) of each; cuts and damage with them.
        matrix: the vectors once more, as a search reads them.
    """

    seconds: bytes
    segments: Rows
    pictures: bytes
    vectors: bytes
    norms: bytes
    evidence: bytes
    matrix: bytes


@dataclass(frozen=True, slots=True)
class Place:
    """What a library holds of one path: the content's hash, and the words that are looked for there."""

    content: str | None
    words: Rows


def stored(library: Library) -> dict[str, Stored]:
    """By content hash, what the serving space and the frame cache hold."""
    import numpy as np
    import sqlalchemy as sa

    from mediaindex.store.catalog.schema import (
        extraction,
        indexed,
        video,
    )
    from mediaindex.store.vectors.reader import SpaceReader
    from mediaindex.store.vectors.spaces import active_space

    with library.read() as connection:
        space = active_space(connection)
        if space is None:
            return {}
        rows = connection.execute(
            sa.select(video.c.hash, indexed.c.generation, indexed.c.vectors, extraction.c.frame_file)
            .add_columns(indexed.c.extraction_id, extraction.c.cuts, extraction.c.damaged_packets)
            .join(video, video.c.id == indexed.c.video_id)
            .join(extraction, extraction.c.id == indexed.c.extraction_id)
            .where(indexed.c.space_id == space.id)
        ).all()
        times, segments = _frames_and_segments(connection)
    held = library.vectors(space).read()
    searched = SpaceReader(library, space, ann_rows=1 << 62).frames(
        {row.generation: row.vectors for row in rows}
    )
    found = {}
    for row in rows:
        mine = held.take(np.flatnonzero(held.generation == row.generation))
        mine = mine.take(np.argsort(mine.frame, kind="stable"))
        found[row.hash] = Stored(
            seconds=np.asarray(times[row.extraction_id]).tobytes(),
            segments=(*segments[row.extraction_id], (tuple(row.cuts), row.damaged_packets)),
            pictures=b"".join(library.frames.read(row.frame_file)),
            vectors=mine.frame.tobytes() + mine.vector.tobytes(),
            norms=mine.norm.tobytes(),
            evidence=b"" if mine.evidence is None else mine.evidence.tobytes(),
            matrix=searched[row.generation].tobytes(),
        )
    return found


def _frames_and_segments(
    connection: sa.Connection,
) -> tuple[dict[int, list[float]], dict[int, list[tuple[Any, ...]]]]:
    import sqlalchemy as sa

    from mediaindex.store.catalog.schema import frame, segment

    times: dict[int, list[float]] = {}
    for row in connection.execute(sa.select(frame).order_by(frame.c.extraction_id, frame.c.ordinal)):
        times.setdefault(row.extraction_id, []).append(row.seconds)
    segments: dict[int, list[tuple[Any, ...]]] = {}
    for row in connection.execute(sa.select(segment).order_by(segment.c.extraction_id, segment.c.ordinal)):
        what = (row.start_seconds, row.end_seconds, row.first_frame, row.frame_count)
        segments.setdefault(row.extraction_id, []).append(what)
    return times, segments


def places(library: Library) -> dict[Path, Place]:
    """By path, what is known there; what is missing or forgotten is left out."""
    import sqlalchemy as sa

    from mediaindex.store.catalog.schema import (
        location,
        subtitle,
        video,
        word,
    )

    chosen = (
        sa.select(location.c.id, location.c.path, location.c.next_video_id, video.c.hash)
        .outerjoin(video, video.c.id == location.c.video_id)
        .where(location.c.missing_since.is_(None), location.c.forgotten_at.is_(None))
    )
    columns = (word.c.location_id, word.c.field, word.c.text, word.c.start_seconds, word.c.end_seconds)
    with library.read() as connection:
        rows = connection.execute(chosen).all()
        spoken: dict[int, list[tuple[Any, ...]]] = {}
        files = sa.select(*columns, subtitle.c.file).outerjoin(subtitle, subtitle.c.id == word.c.subtitle_id)
        for row in connection.execute(files.where(word.c.location_id.is_not(None))):
            spoken.setdefault(row.location_id, []).append(tuple(row)[1:])
    return {
        row.path: Place(
            # A content that waits for its vectors is none that a search finds.
            content=row.hash if row.next_video_id is None else None,
            words=tuple(sorted(spoken.get(row.id, []), key=repr)),
        )
        for row in rows
    }


def contents(library: Library) -> dict[str, Rows]:
    """By content hash, what is known of the film as a whole; what was not read in full is left out."""
    import sqlalchemy as sa

    from mediaindex.store.catalog.schema import video

    columns = [column for column in video.c if column.name not in ("id", "hash", "added_at")]
    with library.read() as connection:
        rows = connection.execute(sa.select(video.c.hash, *columns).where(video.c.hash.is_not(None))).all()
    names = [column.name for column in columns]
    return {
        row[0]: tuple((name, repr(value)) for name, value in zip(names, row[1:], strict=True)) for row in rows
    }


def unread(library: Library) -> dict[Path, tuple[str, ...]]:
    """Files that could not be read or hold no film, by path with the reason."""
    import sqlalchemy as sa

    from mediaindex.store.catalog.schema import failure, skipped

    with library.read() as connection:
        failed = connection.execute(sa.select(failure.c.path, failure.c.stage, failure.c.reason)).all()
        passed = connection.execute(sa.select(skipped.c.path, skipped.c.reason)).all()
    found: dict[Path, tuple[str, ...]] = {row.path: (row.stage, row.reason) for row in failed}
    return found | {row.path: ("skipped", row.reason) for row in passed}


def differences(library: Library, fresh: Library) -> int:
    """How many rows of a library differ from those of a fresh index of the same folders; each is told.

    Contents that have no place any more are aside: a fresh index has never seen them.
    """
    now, wanted = stored(library), stored(fresh)
    told = [
        *_differing("content", now, wanted, only_wanted=True),
        *_differing("film", contents(library), contents(fresh), only_wanted=True),
        *_differing("path", places(library), places(fresh)),
        *_differing("unread", unread(library), unread(fresh)),
    ]
    for line in told:
        say(line)
    return len(told)


def differing_fields(now: Stored, wanted: Stored | None) -> list[str]:
    """The names of what is not the same."""
    return [
        field.name
        for field in fields(Stored)
        if getattr(now, field.name) != getattr(wanted, field.name, None)
    ]


def _differing(
    what: str, now: Mapping[Any, Any], wanted: Mapping[Any, Any], *, only_wanted: bool = False
) -> Iterator[str]:
    for key in sorted(wanted.keys() if only_wanted else now.keys() | wanted.keys(), key=str):
        here, there = now.get(key), wanted.get(key)
        if here == there:
            continue
        if isinstance(there, Stored):
            lacking = "nothing of it" if here is None else f"other {', '.join(differing_fields(here, there))}"
            yield f"{what} {key}: {lacking}"
        else:
            yield f"{what} {key}: {here} and, in a fresh index, {there}"
