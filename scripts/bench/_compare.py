"""Comparison of two libraries by content; row numbers and times of writing are left out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bench._report import say

if TYPE_CHECKING:
    import sqlalchemy as sa

    from mediaindex.store.library import Library

Rows = tuple[tuple[Any, ...], ...]


@dataclass(frozen=True, slots=True)
class StoredFrames:
    """What a library stores of the frames of one content hash.

    Attributes:
        segments: (start, end, first frame, frames) of each; cuts and damage with them.
        matrix: the same vectors as a search reads them; none of a video that it does not show.
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
    """What a library stores of one path: the content's hash, and its searchable words."""

    content: str | None
    words: Rows


def stored_frames(library: Library) -> dict[str, StoredFrames]:
    """By content hash, what the active space and the frame cache store."""
    import numpy as np

    from mediaindex.store.vectors.reader import SpaceReader
    from mediaindex.store.vectors.spaces import active_space

    with library.read() as connection:
        space = active_space(connection)
        if space is None:
            return {}
        rows = _indexed_rows(connection, space.id)
        times, segments = _frames_and_segments(connection)
        snapshot = SpaceReader(library, space).snapshot(connection)
    vectors = library.vectors(space).read()
    frames_by_hash = {}
    for row in rows:
        own = vectors.take(np.flatnonzero(vectors.generation == row.generation))
        own = own.take(np.argsort(own.frame, kind="stable"))
        frames_by_hash[row.hash] = StoredFrames(
            seconds=np.asarray(times[row.extraction_id]).tobytes(),
            segments=(*segments[row.extraction_id], (tuple(row.cuts), row.damaged_packets)),
            pictures=_pictures(library, row.frame_file),
            vectors=own.frame.tobytes() + own.vector.tobytes(),
            norms=own.norm.tobytes(),
            evidence=b"" if own.evidence is None else own.evidence.tobytes(),
            matrix=snapshot.frames(row.video_id).tobytes(),
        )
    return frames_by_hash


def _pictures(library: Library, frame_file: str) -> bytes:
    """The cached frames; none where they are lost, as of a film that is not there to be decoded again."""
    from mediaindex.errors import StoreError

    try:
        return b"".join(library.frames.read(frame_file))
    except StoreError:
        return b""


def _indexed_rows(connection: sa.Connection, space_id: int) -> Sequence[sa.Row[Any]]:
    """The videos that are indexed in a space, with their extractions."""
    import sqlalchemy as sa

    from mediaindex.store.catalog.schema import extraction, indexed, video

    return connection.execute(
        sa.select(video.c.hash, indexed.c.generation, indexed.c.vectors, extraction.c.frame_file)
        .add_columns(
            indexed.c.video_id, indexed.c.extraction_id, extraction.c.cuts, extraction.c.damaged_packets
        )
        .join(video, video.c.id == indexed.c.video_id)
        .join(extraction, extraction.c.id == indexed.c.extraction_id)
        .where(indexed.c.space_id == space_id)
    ).all()


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
        row_values = (row.start_seconds, row.end_seconds, row.first_frame, row.frame_count)
        segments.setdefault(row.extraction_id, []).append(row_values)
    return times, segments


def places(library: Library) -> dict[Path, Place]:
    """By path, what is stored of it; missing and forgotten paths are left out."""
    import sqlalchemy as sa

    from mediaindex.store.catalog.schema import location, subtitle, video, word

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
            # A search does not find a content that waits for its vectors.
            content=row.hash if row.next_video_id is None else None,
            words=tuple(sorted(spoken.get(row.id, []), key=repr)),
        )
        for row in rows
    }


def contents(library: Library) -> dict[str, Rows]:
    """By content hash, the metadata of the video; contents that were not read in full are left out."""
    import sqlalchemy as sa

    from mediaindex.store.catalog.schema import video

    columns = [column for column in video.c if column.name not in ("id", "hash", "added_at")]
    with library.read() as connection:
        rows = connection.execute(sa.select(video.c.hash, *columns).where(video.c.hash.is_not(None))).all()
    names = [column.name for column in columns]
    return {
        row[0]: tuple((name, repr(value)) for name, value in zip(names, row[1:], strict=True)) for row in rows
    }


def unread_files(library: Library) -> dict[Path, tuple[str, ...]]:
    """Files that could not be read or hold no film, by path with the reason."""
    import sqlalchemy as sa

    from mediaindex.store.catalog.schema import failure, skipped

    with library.read() as connection:
        failed = connection.execute(sa.select(failure.c.path, failure.c.stage, failure.c.reason)).all()
        passed = connection.execute(sa.select(skipped.c.path, skipped.c.reason)).all()
    reasons: dict[Path, tuple[str, ...]] = {row.path: (row.stage, row.reason) for row in failed}
    return reasons | {row.path: ("skipped", row.reason) for row in passed}


def differences(library: Library, fresh: Library) -> int:
    """How many rows of a library differ from those of a fresh index of the same folders; each is printed.

    Contents without a path are left out: a fresh index does not know them.
    """
    actual, expected = stored_frames(library), stored_frames(fresh)
    lines = [
        *_differing("content", actual, expected, only_expected=True),
        *_differing("film", contents(library), contents(fresh), only_expected=True),
        *_differing("path", places(library), places(fresh)),
        *_differing("unread", unread_files(library), unread_files(fresh)),
    ]
    for line in lines:
        say(line)
    return len(lines)


def differing_fields(actual: StoredFrames, expected: StoredFrames | None) -> list[str]:
    """The names of the fields that differ."""
    return [
        field.name
        for field in fields(StoredFrames)
        if getattr(actual, field.name) != getattr(expected, field.name, None)
    ]


def _differing(
    what: str, actual: Mapping[Any, Any], expected: Mapping[Any, Any], *, only_expected: bool = False
) -> Iterator[str]:
    for key in sorted(expected.keys() if only_expected else actual.keys() | expected.keys(), key=str):
        value, expected_value = actual.get(key), expected.get(key)
        if value == expected_value:
            continue
        if isinstance(expected_value, StoredFrames):
            lacking = (
                "nothing of it"
                if value is None
                else f"other {', '.join(differing_fields(value, expected_value))}"
            )
            yield f"{what} {key}: {lacking}"
        else:
            yield f"{what} {key}: {value} and, in a fresh index, {expected_value}"
