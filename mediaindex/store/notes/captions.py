"""Captions: what the user says is seen in a moment; words that a search finds.

A caption is about a content. It outlives its video's row, and is given to that content again when it is
indexed again. Only `remove` removes one. What was written before its video came is in `waiting`.

Every function takes a connection inside a transaction of `Library.read` or `Library.write`.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from mediaindex.decode.subtitles.formats import plain
from mediaindex.errors import UsageError
from mediaindex.media import Cue
from mediaindex.safe_text import format_seconds, storable
from mediaindex.store.catalog import fulltext, videos
from mediaindex.store.catalog.database import in_chunks
from mediaindex.store.catalog.locations import below, places_of_content
from mediaindex.store.catalog.schema import caption, location
from mediaindex.store.notes.moments import checked_length, paths_of, stretch_at

LONGEST = 2000
"""Code points of a caption at the most."""
SOURCE = "caption"
# What waits for its video has no content.
_IS_CONTENT = caption.c.size.is_not(None)


@dataclass(frozen=True, slots=True)
class Said:
    """What a caption says, before it is kept.

    Attributes:
        start_seconds: None for a caption of the whole video.
        end_seconds: None for the end of the segment around the start.
        language: of the text, such as "de", None where it is not known.
    """

    start_seconds: float | None
    end_seconds: float | None
    text: str
    language: str | None = None


@dataclass(frozen=True, slots=True)
class Caption:
    """A caption of the user.

    Attributes:
        video_id: None where the video is not in the library any more.
        path: where the video lies; of one that is gone or forgotten, where it lay when this was written.
        start_seconds, end_seconds: from the start of the video.
        language: of the text, such as "de", None where it is not known.
        created_at: Unix time.
    """

    id: int
    video_id: int | None
    path: Path
    start_seconds: float
    end_seconds: float
    text: str
    language: str | None
    created_at: float


def add(
    connection: Connection,
    video_id: int,
    start: float,
    end: float | None,
    text: str,
    *,
    language: str | None = None,
    at: float | None = None,
) -> Caption:
    """Keep a caption on a moment of a video, and index its words.

    Args:
        end: None for the end of the segment around `start`.
        text: one line is made of it.
        at: Unix time at which it was written, None for now. What was written of a video at one time is one
            caption: it can be given again, and is kept once.

    Raises:
        UsageError: the text is empty or too long, or the moment lies outside the video.
    """
    line = line_of(text)
    same = sa.select(caption).where(caption.c.video_id == video_id, caption.c.created_at == at)
    if at is not None and (kept_before := _read(connection, same.where(caption.c.text == line))):
        return kept_before[0]
    said = _timed(connection, video_id, Said(start, end, line, language))
    return take(connection, video_id, [said], at=at)[0]


def add_new(connection: Connection, video_id: int, said: Sequence[Said]) -> list[Caption | UsageError | None]:
    """Keep those of some captions that a video does not have yet.

    Returns:
        Of each: the caption; None where the video has the same; or what is wrong with it.
    """
    known: set[tuple[float | None, float | None, str]] = {
        (one.start_seconds, one.end_seconds, one.text) for one in of_video(connection, video_id)
    }
    became: list[Caption | UsageError | None] = []
    new: dict[int, Said] = {}
    for place, one in enumerate(said):
        became.append(None)
        try:
            timed = _timed(connection, video_id, replace(one, text=line_of(one.text)))
        except UsageError as error:
            became[place] = error
            continue
        if (key := (timed.start_seconds, timed.end_seconds, timed.text)) not in known:
            known.add(key)
            new[place] = timed
    for place, kept in zip(new, take(connection, video_id, list(new.values())), strict=True):
        became[place] = kept
    return became


def take(
    connection: Connection, video_id: int, said: Sequence[Said], *, at: float | None = None
) -> list[Caption]:
    """Keep captions whose times are known, and index their words.

    Args:
        at: Unix time at which they were written, None for now.
    """
    if not said:
        return []
    identity = videos.identity_of(connection, video_id)
    path = places_of_content(connection, video_id)[0].path
    of_content = {"size": identity.size, "partial_hash": identity.partial_hash, "hash": identity.hash}
    words = fulltext.add_captions(connection, video_id, [_cue(one) for one in said])
    rows: list[dict[str, Any]] = [
        {
            "video_id": video_id,
            "path": path,
            "start_seconds": one.start_seconds,
            "end_seconds": one.end_seconds,
            "text": one.text,
            "language": one.language,
            "created_at": time.time() if at is None else at,
        }
        for one in said
    ]
    new = sa.insert(caption).returning(caption.c.id, sort_by_parameter_order=True)
    values = [row | of_content | {"word_id": word_id} for row, word_id in zip(rows, words, strict=True)]
    ids = connection.execute(new, values).scalars()
    return [Caption(id=int(number), **row) for number, row in zip(ids, rows, strict=True)]


def edit(connection: Connection, number: int, text: str, *, language: str | None = None) -> None:
    """Give a caption another text, and search the words of that.

    Raises:
        UsageError: the text is empty or too long.
    """
    line = line_of(text)
    changed = sa.update(caption).where(caption.c.id == number).values(text=line, language=language)
    row = connection.execute(changed.returning(caption.c.word_id)).one()
    if row.word_id is not None:
        fulltext.remove_captions(connection, [row.word_id])
    for one in _read(connection, sa.select(caption).where(caption.c.id == number, _IS_CONTENT)):
        _index(connection, one)


def every(connection: Connection, within: Sequence[Path] = ()) -> list[Caption]:
    """Every caption of a video that is or was known, by its place and time.

    Args:
        within: only those of videos that lie, or lay, at or below one of these paths; none for all.
    """
    query = sa.select(caption).where(_IS_CONTENT)
    if within:
        inside = sa.or_(*(below(location.c.path, path) for path in within))
        lay = sa.or_(*(below(caption.c.path, path) for path in within))
        there = sa.select(location.c.video_id).where(inside, location.c.video_id.is_not(None))
        query = query.where(sa.or_(caption.c.video_id.in_(there), sa.and_(caption.c.video_id.is_(None), lay)))
    return _read(connection, query)


def of_video(connection: Connection, video_id: int) -> list[Caption]:
    """The captions of a video, by their time."""
    return _read(connection, sa.select(caption).where(caption.c.video_id == video_id))


def newest_texts(connection: Connection, *, limit: int) -> list[str]:
    """The different texts of captions of any video, the newest first."""
    last = sa.func.max(caption.c.id)
    query = sa.select(caption.c.text).group_by(caption.c.text).order_by(last.desc()).limit(limit)
    return list(connection.execute(query).scalars())


def count(connection: Connection) -> int:
    """How many captions there are."""
    return int(connection.execute(sa.select(sa.func.count()).select_from(caption)).scalar_one())


def remove(connection: Connection, ids: Iterable[int]) -> list[int]:
    """Remove captions and their words; the ids of those that were there."""
    removed: list[int] = []
    for chunk in in_chunks(list(ids)):
        gone = sa.delete(caption).where(caption.c.id.in_(chunk))
        rows = connection.execute(gone.returning(caption.c.id, caption.c.word_id)).all()
        fulltext.remove_captions(connection, [row.word_id for row in rows if row.word_id is not None])
        removed += (row.id for row in rows)
    return sorted(removed)


def attach(connection: Connection, video_id: int) -> None:
    """Give a content that was read in full the captions that were written about it before."""
    identity = videos.identity_of(connection, video_id)
    own = sa.update(caption).where(caption.c.video_id == video_id, caption.c.hash.is_(None))
    connection.execute(own.values(hash=identity.hash))
    # A caption without a full hash was written before the video was ever read in full.
    same = sa.or_(caption.c.hash == identity.hash, caption.c.hash.is_(None))
    alike = sa.and_(caption.c.size == identity.size, caption.c.partial_hash == identity.partial_hash, same)
    back = sa.update(caption).where(caption.c.video_id.is_(None), alike)
    ids = connection.execute(back.values(video_id=video_id, hash=identity.hash).returning(caption.c.id))
    for chunk in in_chunks(list(ids.scalars())):
        for one in _read(connection, sa.select(caption).where(caption.c.id.in_(chunk))):
            _index(connection, one)


def _read(connection: Connection, query: sa.Select[Any]) -> list[Caption]:
    columns = (caption.c[name] for name in Caption.__slots__)
    rows = connection.execute(query.with_only_columns(*columns)).all()
    paths = paths_of(connection, {row.video_id for row in rows if row.video_id is not None})
    found = [Caption(**{**row._mapping, "path": paths.get(row.video_id, row.path)}) for row in rows]
    return sorted(found, key=lambda one: (one.path, one.start_seconds, one.id))


def _index(connection: Connection, one: Caption) -> None:
    if one.video_id is None:
        return
    said = Said(one.start_seconds, one.end_seconds, one.text, one.language)
    (word_id,) = fulltext.add_captions(connection, one.video_id, [_cue(said)])
    connection.execute(sa.update(caption).where(caption.c.id == one.id).values(word_id=word_id))


def _cue(said: Said) -> Cue:
    assert said.start_seconds is not None
    assert said.end_seconds is not None
    return Cue(said.start_seconds, said.end_seconds, said.text, SOURCE, said.language)


def line_of(text: str) -> str:
    """The text of a caption: one line, without control characters.

    Raises:
        UsageError: nothing is left, or too much.
    """
    line = plain(storable(text))
    if not line:
        raise UsageError("a caption is empty; write what is seen")
    if len(line) > LONGEST:
        raise UsageError(f"a caption has at most {LONGEST} characters; say it shorter, or in several")
    return line


def _timed(connection: Connection, video_id: int, said: Said) -> Said:
    """The same with its start and end, both inside the video.

    Raises:
        UsageError: the end comes before the start, or the video ends before it.
    """
    start, end = said.start_seconds or 0.0, said.end_seconds
    length = checked_length(connection, video_id, start)
    if end is None and said.start_seconds is None and length:
        end = length
    elif end is None:
        stretch = stretch_at(connection, video_id, start)
        end = start if stretch is None else max(start, stretch.end_seconds)
    elif end < start:
        raise UsageError(f"{format_seconds(end)} is before {format_seconds(start)}; write START-END")
    else:
        end = min(end, length) if length else end
    language = None if said.language is None else storable(said.language)
    return replace(said, start_seconds=start, end_seconds=end, language=language)
