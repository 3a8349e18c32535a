"""The words channel: names, folders, titles, cameras, tags, subtitles and captions in SQLite FTS5.

`words.folding` alone says what a word is: the index holds folded text, and a query is folded alike.
"""

from __future__ import annotations

import contextlib
import gc
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy import Connection

from mediaindex.safe_text import storable
from mediaindex.sources.path_tree import lies_below
from mediaindex.store.catalog.database import in_chunks
from mediaindex.store.catalog.locations import anything_hidden
from mediaindex.store.catalog.schema import location, subtitle, word
from mediaindex.store.word_index import vocabulary
from mediaindex.store.word_index.alternatives import AskedTerm, any_of, asked_terms, inflected
from mediaindex.store.word_index.matches import Allowed, Place, Shown
from mediaindex.store.word_index.moments import Line, Rank, best_moments, rank_of
from mediaindex.store.words.content_words import content_words
from mediaindex.store.words.folding import folded
from mediaindex.store.words.readings import readings
from mediaindex.store.words.terms import phrase_term, query_terms

if TYPE_CHECKING:
    from mediaindex.media import Cue

FOLDERS_NAMED = 3
PLACES_READ = 64
ENOUGH_TERMS = 0.5
"""Share of a query's terms that must stand in one place before it counts as an answer."""
MOST_PHRASES = 16
"""Of a query, and as many excluded ones."""


class WordHit(NamedTuple):
    """One place where a query's words stand.

    Attributes:
        start_seconds, end_seconds: of the cue, or of all that say the same; None for words about the file.
        found: (term, field) pairs, terms as they were typed. coverage: share of the query's terms, 0..1.
        relevance: BM25, higher is better.
        told: share of the terms that more than the camera's name holds, 0..1.
    """

    video_id: int
    start_seconds: float | None
    end_seconds: float | None
    found: tuple[tuple[str, str], ...]
    coverage: float
    relevance: float
    told: float = 1.0


class Correction(NamedTuple):
    """A query's word that stands nowhere, and the word of the library that was looked for instead."""

    word: str
    by: str


class WordAnswer(NamedTuple):
    """What the words answer. `hits`: best first. `corrected`: in the order of the query."""

    hits: list[WordHit]
    corrected: tuple[Correction, ...] = ()


def find(
    connection: Connection,
    text: str,
    allowed: Allowed = None,
    *,
    limit: int = PLACES_READ,
    per_video: int | None = None,
    phrases: Sequence[str] = (),
    excluded: Sequence[str] = (),
    unfinished: bool = False,
) -> WordAnswer:
    """Places that hold every phrase and at least half of all terms, best first.

    A term stands for its inflections and compounds too; places that hold it as typed come first. One
    that stands nowhere is replaced by the nearest word of the library. Words about the file itself (name,
    folder, title, camera, tags) count together; a cue counts alone. Of cues that are one moment the best
    stands for all, with its own times.

    Args:
        allowed: ids of the videos that may answer, as a numpy array or any iterable; None for all.
        limit: places at the most. per_video: of one video, None for any number.
        phrases: texts whose words must stand one after the other.
        excluded: words and phrases; a cue that holds one is no answer, nor is a file whose words hold one.
        unfinished: the last word may be but the beginning of one.
    """
    terms = query_terms(text)
    required = list(filter(None, map(phrase_term, phrases[:MOST_PHRASES])))
    if not terms and not required:
        return WordAnswer([])
    without = _any_text(connection, excluded)
    shown = Shown(connection, allowed, without, anything_hidden=anything_hidden(connection))
    asked = asked_terms(connection, terms, shown.stands, unfinished=unfinished)
    asked += [AskedTerm(term.spelling, term.phrase, required=True) for term in required]
    return _answer(connection, shown, asked, limit=limit, most=min(per_video or limit, limit))


def find_besides(connection: Connection, text: str, allowed: Allowed = None) -> WordAnswer:
    """As `find`, but what says word for word the same does not answer: what else the words know of it.

    Args:
        text: such as a caption, which is among the words itself.
    """
    terms = query_terms(text)
    if not terms:
        return WordAnswer([])
    hidden = anything_hidden(connection)
    shown = Shown(connection, allowed, anything_hidden=hidden, besides=folded(text))
    asked = asked_terms(connection, terms, shown.stands)
    return _answer(connection, shown, asked, limit=PLACES_READ, most=PLACES_READ)


def _answer(
    connection: Connection, shown: Shown, asked: Sequence[AskedTerm], *, limit: int, most: int
) -> WordAnswer:
    with _without_collecting():
        lines = best_moments(connection, _ranked(shown, asked, limit), limit=limit, most=most)
    corrected = (Correction(term.typed, term.spelling) for term in asked if term.typed is not None)
    return WordAnswer([_hit(line, asked) for line in lines], tuple(corrected))


@contextlib.contextmanager
def _without_collecting() -> Iterator[None]:
    """No garbage collection: a common word makes ten thousand places, which hold no cycles.

    Each few hundred of them would let Python look through all objects of the process, which cost as much
    again as the search where torch is loaded.
    """
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def places_with(connection: Connection, texts: Sequence[str]) -> list[tuple[int, float | None, float | None]]:
    """Where some words and phrases stand: (video, start, end) of a cue, (video, None, None) of a file."""
    expression = _any_text(connection, texts)
    if not expression:
        return []
    return Shown(connection, anything_hidden=anything_hidden(connection)).places(expression)


def _any_text(connection: Connection, texts: Sequence[str]) -> str:
    """What matches any of some words, with their inflections, and phrases."""
    terms = list(filter(None, map(phrase_term, texts[:MOST_PHRASES])))
    return any_of(inflected(connection, term) for term in terms)


def _ranked(shown: Shown, asked: Sequence[AskedTerm], limit: int) -> list[tuple[Rank, Place]]:
    """The places that answer, with their ranks, of as many videos as are wanted where there are so many."""
    required = {number for number, term in enumerate(asked) if term.required}
    enough = ENOUGH_TERMS * len(asked)
    ranked = [(rank_of(place), place) for place in shown.matching(asked, enough=enough, videos=limit)]
    return [
        (rank, place)
        for rank, place in ranked
        if rank[0] >= enough and (not required or required <= {term for term, _field in place.scores})
    ]


def _hit(line: Line, asked: Sequence[AskedTerm]) -> WordHit:
    found = tuple((asked[term].spelling, field) for term, field in sorted(line.place.scores))
    terms, told, _exact, relevance = line.rank
    return WordHit(
        line.place.video_id,
        line.start_seconds,
        line.end_seconds,
        found,
        coverage=terms / len(asked),
        relevance=relevance,
        told=told / len(asked),
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
        {"location_id": location_id, "field": field, "text": storable(text)}
        for field, text in texts.items()
        if text
    ]
    _add(connection, video_id, rows)


def set_video_words(
    connection: Connection, video_id: int, *, title: str | None, camera: str | None, tags: Mapping[str, str]
) -> None:
    """Index title, camera and tags of a content, in place of those it had."""
    fields = word.c.field.in_(("title", "camera", "tag"))
    connection.execute(sa.delete(word).where(word.c.video_id == video_id, fields))
    rows = [{"field": field, "text": text} for field, text in content_words(title, camera, tags)]
    _add(connection, video_id, rows)


def _add(
    connection: Connection, video_id: int, rows: Sequence[Mapping[str, Any]], language: str | None = None
) -> None:
    """Add rows of words, each with `field` and `text`; a trigger indexes what is folded of the text."""
    if not rows:
        return
    added = [
        {"video_id": video_id, "folded": folded(row["text"]), "readings": _readings_of(row), **row}
        for row in rows
    ]
    connection.execute(sa.insert(word), added)
    texts = [text for row in added for text in (row["text"], row["readings"])]
    vocabulary.add(connection, texts, language)


def _readings_of(row: Mapping[str, Any]) -> str:
    """The other readings of words about a file; what is said is read in one way."""
    return "" if row.get("start_seconds") is not None else " ".join(readings(row["text"]))


class SubtitleFile(NamedTuple):
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
    values = about._asdict() | {"file": storable(about.file)}
    new = sa.insert(subtitle).values(video_id=video_id, **values)
    subtitle_id = connection.execute(new.returning(subtitle.c.id)).scalar_one()
    rows = [
        {
            "location_id": about.location_id,
            "subtitle_id": subtitle_id,
            "field": "subtitle",
            "text": cue.text,
            "start_seconds": cue.start_seconds,
            "end_seconds": cue.end_seconds,
        }
        for cue in cues
    ]
    _add(connection, video_id, rows, about.language)


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


def add_captions(connection: Connection, video_id: int, said: Sequence[Cue]) -> list[int]:
    """Index captions of the user at their times; the ids of their rows of words."""
    ids = [0] * len(said)
    for language in dict.fromkeys(cue.language for cue in said):
        places = [place for place, cue in enumerate(said) if cue.language == language]
        rows = [
            {
                "field": "caption",
                "text": said[place].text,
                "start_seconds": said[place].start_seconds,
                "end_seconds": said[place].end_seconds,
            }
            for place in places
        ]
        _add(connection, video_id, rows, language)
        last = int(connection.execute(sa.select(sa.func.max(word.c.id))).scalar_one())
        for place, number in zip(places, range(last - len(rows) + 1, last + 1), strict=True):
            ids[place] = number
    return ids


def lines_said(
    connection: Connection, video_id: int, start: float | None, end: float | None, *, limit: int
) -> list[Cue]:
    """The subtitle lines that are said between two times of a video, the first of them; all without times."""
    from mediaindex.media import Cue

    here = sa.and_(word.c.video_id == video_id, word.c.field == "subtitle", word.c.start_seconds.is_not(None))
    query = sa.select(word.c.start_seconds, word.c.end_seconds, word.c.text).where(here)
    if start is not None and end is not None:
        query = query.where(word.c.start_seconds < end, word.c.end_seconds > start)
    rows = connection.execute(query.order_by(word.c.start_seconds, word.c.id).limit(limit))
    return [Cue(row.start_seconds, row.end_seconds, row.text, "subtitle") for row in rows]


def remove_captions(connection: Connection, word_ids: Sequence[int]) -> None:
    """Remove captions from the index, by their rows of words."""
    for chunk in in_chunks(word_ids):
        connection.execute(sa.delete(word).where(word.c.id.in_(chunk)))


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
