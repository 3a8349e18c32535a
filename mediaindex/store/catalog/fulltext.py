"""The words channel: names, folders, titles, cameras, tags, subtitles and captions in SQLite FTS5.

`words.folding` alone says what a word is: the index holds folded text, and a query is folded alike.
"""

from __future__ import annotations

import dataclasses
import itertools
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
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
from mediaindex.store.words.content_words import content_words
from mediaindex.store.words.folding import folded
from mediaindex.store.words.terms import Term, query_terms

FOLDERS_NAMED = 3
PLACES_READ = 64
ENOUGH_TERMS = 0.5
"""Share of a query's terms that must stand in one place before it counts as an answer."""
SAME_MOMENT_SECONDS = 0.5
"""Lines that begin so soon after one another belong to one moment, as those of layers."""
LINES_A_MOMENT = 16
"""So many lines are read for each moment that is wanted: other tracks may say the same."""
SAME_LINE_SECONDS = 0.1
"""So long may a line be gone before it is shown again: it counts as one line that stays."""

SHOWN = "w.video_id IN (SELECT video_id FROM location WHERE video_id IS NOT NULL)"
# Words of one place count only where that place is not forgotten, other words where any is not.
SHOWN_APART_FROM_HIDDEN = (
    "EXISTS (SELECT 1 FROM location AS l WHERE l.video_id = w.video_id AND l.forgotten_at IS NULL "
    "AND (w.location_id IS NULL OR l.id = w.location_id))"
)
ALLOWED = "w.video_id IN (SELECT value FROM json_each(:videos))"

ONE_TERM = (
    "SELECT rowid AS id, {number} AS term, bm25(word_index) AS bm25 "
    "FROM word_index WHERE word_index MATCH :term{number}"
)
# A place is a line of a subtitle as long as it is shown, or all words about a file (`cue` 0). Every limit
# comes after every filter: the best places lie in the videos with the best places, so those videos are chosen
# first, and only their cues are joined to lines. FTS5 scores a phrase of characters as one term, and the sum
# over terms is the BM25 of the query.
PLACES = """
WITH
matched AS MATERIALIZED ({matched}),
place AS MATERIALIZED (
    SELECT w.video_id, CASE WHEN w.start_seconds IS NULL THEN 0 ELSE w.id END AS cue,
        COUNT(DISTINCT term) AS terms,
        COUNT(DISTINCT CASE WHEN w.field <> 'camera' THEN term END) AS told,
        -SUM(bm25) AS relevance,
        GROUP_CONCAT(DISTINCT term || ' ' || w.field) AS found
    FROM matched JOIN word AS w ON w.id = matched.id
    WHERE {filters}
    GROUP BY w.video_id, cue
    HAVING terms >= :enough
),
best AS (
    SELECT video_id, terms, told, relevance, ROW_NUMBER() OVER (
        PARTITION BY video_id ORDER BY terms DESC, told DESC, relevance DESC
    ) AS rank_in_video FROM place
),
chosen AS (
    SELECT video_id FROM best WHERE rank_in_video = 1
    ORDER BY terms DESC, told DESC, relevance DESC, video_id LIMIT :limit
),
shown AS (
    SELECT place.*, w.start_seconds, w.end_seconds, w.folded, w.subtitle_id
    FROM place LEFT JOIN word AS w ON w.id = place.cue
    WHERE place.video_id IN (SELECT video_id FROM chosen)
),
stretch AS (
    SELECT *,
        CASE WHEN start_seconds - LAG(end_seconds) OVER in_time <= :same_line THEN 0 ELSE 1 END AS begins
    FROM shown WINDOW in_time AS (PARTITION BY video_id, folded ORDER BY start_seconds, end_seconds, cue)
),
numbered AS (
    SELECT *, SUM(begins) OVER (
        PARTITION BY video_id, folded ORDER BY start_seconds, end_seconds, cue ROWS UNBOUNDED PRECEDING
    ) AS number FROM stretch
),
line AS (
    SELECT *,
        MIN(start_seconds) OVER whole AS first_seconds, MAX(end_seconds) OVER whole AS last_seconds,
        ROW_NUMBER() OVER (
            PARTITION BY video_id, folded, number
            ORDER BY terms DESC, told DESC, relevance DESC, start_seconds
        ) AS rank_in_line
    FROM numbered WINDOW whole AS (PARTITION BY video_id, folded, number)
)
SELECT video_id, subtitle_id, first_seconds, last_seconds, terms, told, relevance, found FROM (
    SELECT *, ROW_NUMBER() OVER (
        PARTITION BY video_id ORDER BY terms DESC, told DESC, relevance DESC, first_seconds
    ) AS rank_of_line FROM line WHERE rank_in_line = 1
) WHERE rank_of_line <= :lines
ORDER BY terms DESC, told DESC, relevance DESC, video_id, first_seconds
"""


@dataclass(frozen=True, slots=True)
class WordHit:
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


def find(
    connection: Connection,
    text: str,
    videos: set[int] | None = None,
    *,
    limit: int = PLACES_READ,
    per_video: int | None = None,
) -> list[WordHit]:
    """Places that hold at least half of the query's terms, best first.

    Words about the file itself (name, folder, title, camera, tags) count together; a cue counts alone. Of
    cues that are one moment the best stands for all, with its own times.

    Args:
        videos: only these, or None for all.
        limit: places at the most. per_video: of one video, None for any number.
    """
    terms = query_terms(text)
    if not terms:
        return []
    matched = " UNION ALL ".join(ONE_TERM.format(number=number) for number in range(len(terms)))
    filters = SHOWN_APART_FROM_HIDDEN if anything_hidden(connection) else SHOWN
    values: dict[str, Any] = {f"term{number}": term.phrase for number, term in enumerate(terms)}
    if videos is not None:
        filters += f" AND {ALLOWED}"
        values["videos"] = json.dumps(list(videos))
    most = min(per_video or limit, limit)
    values |= {"enough": ENOUGH_TERMS * len(terms), "limit": limit}
    values |= {"lines": LINES_A_MOMENT * most, "same_line": SAME_LINE_SECONDS}
    lines = connection.execute(sa.text(PLACES.format(matched=matched, filters=filters)), values)
    return [_hit(row, terms) for row in itertools.islice(_moments(lines, most), limit)]


def _moments(lines: Iterable[sa.Row[Any]], most: int) -> Iterator[sa.Row[Any]]:
    """Of lines, best first, the first of each moment, and of each video so many at the most."""
    of_video: dict[int, list[sa.Row[Any]]] = {}
    for line in lines:
        moments = of_video.setdefault(line.video_id, [])
        if len(moments) < most and not any(_is_same_moment(line, moment) for moment in moments):
            moments.append(line)
            yield line


def _is_same_moment(line: sa.Row[Any], other: sa.Row[Any]) -> bool:
    """Whether two lines of a video begin together, or are shown together by two tracks (translations)."""
    if line.first_seconds is None or other.first_seconds is None:
        return line.first_seconds is other.first_seconds
    if abs(line.first_seconds - other.first_seconds) <= SAME_MOMENT_SECONDS:
        return True
    if line.subtitle_id == other.subtitle_id:
        return False
    return bool(line.first_seconds < other.last_seconds and other.first_seconds < line.last_seconds)


def _hit(row: sa.Row[Any], terms: Sequence[Term]) -> WordHit:
    pairs = (pair.split(" ") for pair in row.found.split(","))
    ordered = sorted((int(number), field) for number, field in pairs)
    found = tuple((terms[number].spelling, field) for number, field in ordered)
    coverage, told = row.terms / len(terms), row.told / len(terms)
    return WordHit(row.video_id, row.first_seconds, row.last_seconds, found, coverage, row.relevance, told)


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


def _add(connection: Connection, video_id: int, rows: Sequence[Mapping[str, Any]]) -> None:
    """Add rows of words, each with `field` and `text`; a trigger indexes what is folded of the text."""
    if rows:
        added = [{"video_id": video_id, "folded": folded(row["text"]), **row} for row in rows]
        connection.execute(sa.insert(word), added)


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
            "location_id": about.location_id,
            "subtitle_id": subtitle_id,
            "field": "subtitle",
            "text": cue.text,
            "start_seconds": cue.start_seconds,
            "end_seconds": cue.end_seconds,
        }
        for cue in cues
    ]
    _add(connection, video_id, rows)


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
