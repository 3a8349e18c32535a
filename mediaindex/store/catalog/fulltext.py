"""The words channel: names, folders, titles, tags, subtitles and captions in SQLite FTS5."""

from __future__ import annotations

import dataclasses
import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from mediaindex.media import Cue
from mediaindex.safe_text import storable
from mediaindex.sources.path_tree import lies_below
from mediaindex.store.catalog.database import in_chunks
from mediaindex.store.catalog.locations import anything_hidden
from mediaindex.store.catalog.schema import location, subtitle, word

CUE_FIELDS = ("subtitle", "caption")
FOLDERS_NAMED = 3
ROWS_READ = 2000
ENOUGH_TERMS = 0.5
"""Share of a query's terms that must stand in one place before it counts as an answer."""

SHOWN = "w.video_id IN (SELECT video_id FROM location WHERE video_id IS NOT NULL)"
# Words of one place count only where that place is not forgotten, other words where any is not.
SHOWN_APART_FROM_HIDDEN = (
    "EXISTS (SELECT 1 FROM location AS l WHERE l.video_id = w.video_id AND l.forgotten_at IS NULL "
    "AND (w.location_id IS NULL OR l.id = w.location_id))"
)

_STOP_WORDS = """
a an and are as at be by for from has have he her his in into is it its of on or she that the their them
there they this to was were where which while who with
"""
STOP_WORDS = frozenset(_STOP_WORDS.split())


@dataclass(frozen=True, slots=True)
class WordHit:
    """One place where a query's words stand.

    Attributes:
        start_seconds, end_seconds: the cue's times; None for words about the whole file.
        found: (term, field) pairs. coverage: share of the query's terms, 0..1.
        relevance: BM25 of the best row, higher is better.
    """

    video_id: int
    start_seconds: float | None
    end_seconds: float | None
    found: tuple[tuple[str, str], ...]
    coverage: float
    relevance: float


def tokens(text: str) -> list[str]:
    """A text's tokens as FTS5's unicode61 with remove_diacritics makes them."""
    plain = unicodedata.normalize("NFD", text)
    plain = "".join(ch for ch in plain if not unicodedata.combining(ch))
    return re.findall(r"[^\W_]+", plain.lower())


def query_terms(text: str) -> list[str]:
    """The distinct terms that matter; all of them where only stop words are asked for."""
    every = list(dict.fromkeys(tokens(text)))
    return [term for term in every if term not in STOP_WORDS] or every


def find(connection: Connection, text: str, videos: set[int] | None = None) -> list[WordHit]:
    """Places that hold at least half of the query's terms, best first.

    Words about the file itself (name, folder, title, tags) count together; a cue counts alone.

    Args:
        videos: only these, or None for all.
    """
    terms = query_terms(text)
    if not terms:
        return []
    quoted = " OR ".join('"' + term.replace('"', '""') + '"' for term in terms)
    shown = SHOWN_APART_FROM_HIDDEN if anything_hidden(connection) else SHOWN
    rows = connection.execute(
        sa.text(
            "SELECT w.video_id, w.field, w.text, w.start_seconds, w.end_seconds, bm25(word_index) AS rank "
            "FROM word_index JOIN word AS w ON w.id = word_index.rowid "
            f"WHERE word_index MATCH :query AND {shown} ORDER BY rank LIMIT :rows"
        ),
        {"query": quoted, "rows": ROWS_READ},
    )
    places: dict[tuple[Any, ...], list[sa.Row[Any]]] = {}
    for row in rows:
        if videos is None or row.video_id in videos:
            cue = (row.start_seconds, row.end_seconds) if row.field in CUE_FIELDS else (None, None)
            places.setdefault((row.video_id, *cue), []).append(row)
    hits = [_hit(place, found, terms) for place, found in places.items()]
    good = [hit for hit in hits if hit.coverage >= ENOUGH_TERMS]
    return sorted(
        good, key=lambda hit: (-hit.coverage, -hit.relevance, hit.video_id, hit.start_seconds or 0.0)
    )


def _hit(place: tuple[Any, ...], rows: Sequence[sa.Row[Any]], terms: Sequence[str]) -> WordHit:
    found = {(term, row.field): None for row in rows for term in terms if term in tokens(row.text)}
    matched = {term for term, _field in found}
    return WordHit(
        place[0], place[1], place[2], tuple(found), len(matched) / len(terms), -min(row.rank for row in rows)
    )


def set_location_words(
    connection: Connection, location_id: int, video_id: int, path: Path, root: Path | None
) -> None:
    """Index the file and folder names of one location (folders below the watched root only)."""
    here = sa.and_(word.c.location_id == location_id, word.c.field.in_(("name", "folder")))
    connection.execute(sa.delete(word).where(here))
    folders = path.parent.relative_to(root).parts if root and lies_below(path.parent, root) else ()
    texts = {"name": path.stem, "folder": " ".join(folders[-FOLDERS_NAMED:])}
    rows = [
        {"video_id": video_id, "location_id": location_id, "field": field, "text": storable(text)}
        for field, text in texts.items()
        if text
    ]
    connection.execute(sa.insert(word), rows)


def set_video_words(
    connection: Connection, video_id: int, title: str | None, tags: Mapping[str, str]
) -> None:
    """Index title and tags of a content."""
    fields = word.c.field.in_(("title", "tag"))
    connection.execute(sa.delete(word).where(word.c.video_id == video_id, fields))
    rows = [{"field": "title", "text": title}] if title else []
    rows += [{"field": "tag", "text": text} for text in tags.values() if text != title]
    if rows:
        connection.execute(sa.insert(word), [{"video_id": video_id, **row} for row in rows])


@dataclass(frozen=True, slots=True)
class SubtitleFile:
    """One subtitle file or stream.

    Attributes:
        location_id: the film beside which a sidecar lies; None for a stream inside the film.
        reason: why a sidecar could not be read; it is then kept without cues until it changes.
    """

    file: str
    language: str | None = None
    forced: bool = False
    location_id: int | None = None
    size: int = 0
    mtime_ns: int = 0
    reason: str | None = None


def add_subtitle(connection: Connection, video_id: int, about: SubtitleFile, cues: Iterable[Cue]) -> None:
    """Index the cues of one subtitle file or stream."""
    values = dataclasses.asdict(about) | {"file": storable(about.file)}
    new = sa.insert(subtitle).values(video_id=video_id, **values)
    subtitle_id = connection.execute(new.returning(subtitle.c.id)).scalar_one()
    rows = [
        {
            "video_id": video_id,
            "location_id": about.location_id,
            "subtitle_id": subtitle_id,
            "field": "subtitle",
            "text": cue.text,
            "start_seconds": cue.start_seconds,
            "end_seconds": cue.end_seconds,
        }
        for cue in cues
    ]
    if rows:
        connection.execute(sa.insert(word), rows)


def set_embedded_subtitles(connection: Connection, video_id: int, cues: Sequence[Cue]) -> None:
    """Index the subtitle streams inside a content, in place of those it had."""
    inside = sa.and_(subtitle.c.video_id == video_id, subtitle.c.location_id.is_(None))
    connection.execute(sa.delete(subtitle).where(inside))
    streams: dict[str, list[Cue]] = {}
    for cue in cues:
        streams.setdefault(cue.source, []).append(cue)
    for file, lines in streams.items():
        about = SubtitleFile(file, lines[0].language, lines[0].forced)
        add_subtitle(connection, video_id, about, lines)


def sidecars_of(connection: Connection, location_ids: Sequence[int]) -> dict[int, list[sa.Row[Any]]]:
    """The indexed sidecars of these locations: rows with id, file, size, mtime_ns."""
    found: dict[int, list[sa.Row[Any]]] = {}
    for chunk in in_chunks(location_ids):
        for row in connection.execute(sa.select(subtitle).where(subtitle.c.location_id.in_(chunk))):
            found.setdefault(row.location_id, []).append(row)
    return found


def remove_subtitle(connection: Connection, subtitle_id: int) -> None:
    """Forget one subtitle and its cues."""
    connection.execute(sa.delete(subtitle).where(subtitle.c.id == subtitle_id))


def subtitles_of(connection: Connection, video_id: int) -> list[dict[str, Any]]:
    """The subtitles of a video as `show` lists them: file, language, forced."""
    query = (
        sa.select(subtitle.c.file, subtitle.c.language, subtitle.c.forced, subtitle.c.reason)
        .join(location, location.c.id == subtitle.c.location_id, isouter=True)
        .where(subtitle.c.video_id == video_id, location.c.forgotten_at.is_(None))
        .order_by(subtitle.c.id)
    )
    return [
        {"file": row.file, "language": row.language, "forced": row.forced}
        for row in connection.execute(query)
        if row.reason is None
    ]
