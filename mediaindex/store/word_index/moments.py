"""Places that match → the best moments: lines that stay on screen joined, translations told once."""

from __future__ import annotations

import heapq
import itertools
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy import Connection

from mediaindex.store.word_index.matches import Place
from mediaindex.store.word_index.relevance import FIELD_WEIGHTS

SAME_MOMENT_SECONDS = 0.5
"""Lines that begin so soon after one another belong to one moment, as those of layers."""
LINES_A_MOMENT = 16
"""So many lines are read for each moment that is wanted: other tracks may say the same."""
PLACES_AT_ONCE = 256
SAME_LINE_SECONDS = 0.1
"""So long may a line be gone before it is shown again: it counts as one line that stays."""
CUES = sa.text(
    "SELECT id, video_id, subtitle_id, folded, start_seconds, end_seconds FROM word "
    "WHERE id IN (SELECT value FROM json_each(:cues))"
)

Rank = tuple[int, int, int, float]


class Line(NamedTuple):
    """A place with its times; None for words about a file."""

    place: Place
    rank: Rank
    subtitle_id: int | None = None
    start_seconds: float | None = None
    end_seconds: float | None = None


def rank_of(place: Place) -> Rank:
    """Higher is better: terms that stand there, that not the camera alone holds, as typed; then BM25."""
    if len(place.scores) == 1:
        (((_term, where), score),) = place.scores.items()
        return 1, int(where != "camera"), len(place.exact), FIELD_WEIGHTS[where] * score
    terms = {term for term, _field in place.scores}
    told = {term for term, where in place.scores if where != "camera"}
    relevance = sum(FIELD_WEIGHTS[where] * score for (_term, where), score in place.scores.items())
    return len(terms), len(told), len(place.exact), relevance


def best_moments(
    connection: Connection, ranked: Sequence[tuple[Rank, Place]], *, limit: int, most: int
) -> list[Line]:
    """The best moments, best first, at most `limit`, and `most` of one video.

    The best places lie in the videos with the best places, so those videos are chosen first. Of their cues
    the best are read and joined to lines, and more only where these give too few moments.
    """
    best: dict[int, Rank] = {}
    for rank, place in ranked:
        if place.video_id not in best or rank > best[place.video_id]:
            best[place.video_id] = rank
    chosen = set(heapq.nlargest(limit, best, key=lambda video: (best[video], -video)))
    groups = _groups((rank, place) for rank, place in ranked if place.video_id in chosen)
    lines = itertools.chain.from_iterable(_lines_in_turn(connection, groups))
    return list(itertools.islice(_moments(lines, most), limit))


def _groups(found: Iterable[tuple[Rank, Place]]) -> list[list[tuple[Rank, Place]]]:
    """Places of one rank and video together, best first. Lines of one text have one rank: none is torn."""
    groups: dict[tuple[Rank, int], list[tuple[Rank, Place]]] = {}
    for rank, place in found:
        groups.setdefault((_descending(rank), place.video_id), []).append((rank, place))
    return [groups[key] for key in sorted(groups)]


def _lines_in_turn(
    connection: Connection, groups: Sequence[list[tuple[Rank, Place]]]
) -> Iterator[list[Line]]:
    """The lines of all groups in their order, read for so many places at once."""
    batch: list[tuple[Rank, Place]] = []
    for number, group in enumerate(groups, 1):
        batch += group
        if len(batch) >= PLACES_AT_ONCE or number == len(groups):
            yield sorted(_lines(connection, batch), key=_order)
            batch = []


def _descending(rank: Rank) -> Rank:
    return -rank[0], -rank[1], -rank[2], -rank[3]


def _order(line: Line) -> tuple[Rank, int, float]:
    return _descending(line.rank), line.place.video_id, line.start_seconds or 0.0


def _lines(connection: Connection, wanted: Sequence[tuple[Rank, Place]]) -> Iterator[Line]:
    """Words about files as they are; cues that follow one another with the same text as one line."""
    cues = {place.cue: (rank, place) for rank, place in wanted if place.cue}
    yield from (Line(place, rank) for rank, place in wanted if not place.cue)
    texts: dict[tuple[int, str], list[Any]] = {}
    for row in _rows(connection, list(cues)):
        texts.setdefault((row.video_id, row.folded), []).append(row)
    for rows in texts.values():
        for stretch in _stretches(sorted(rows, key=lambda row: (row.start_seconds, row.end_seconds, row.id))):
            yield _joined(stretch, cues)


def _rows(connection: Connection, cues: Sequence[int]) -> Sequence[Any]:
    return connection.execute(CUES, {"cues": json.dumps(cues)}).all()


def _stretches(rows: Iterable[Any]) -> Iterator[list[Any]]:
    """Runs of rows, each shown as soon as the one before is gone."""
    stretch: list[Any] = []
    for row in rows:
        if stretch and row.start_seconds - stretch[-1].end_seconds > SAME_LINE_SECONDS:
            yield stretch
            stretch = []
        stretch.append(row)
    if stretch:
        yield stretch


def _joined(stretch: Sequence[Any], cues: Mapping[int, tuple[Rank, Place]]) -> Line:
    row = max(stretch, key=lambda row: cues[row.id][0])
    rank, place = cues[row.id]
    start, end = min(row.start_seconds for row in stretch), max(row.end_seconds for row in stretch)
    return Line(place, rank, row.subtitle_id, start, end)


def _moments(lines: Iterable[Line], most: int) -> Iterator[Line]:
    """Of lines, best first, the first of each moment, and of each video so many at the most."""
    of_video: dict[int, list[Line]] = {}
    seen: dict[int, int] = {}
    for line in lines:
        video = line.place.video_id
        moments = of_video.setdefault(video, [])
        seen[video] = seen.get(video, 0) + 1
        if len(moments) == most or seen[video] > LINES_A_MOMENT * most:
            continue
        if not any(_is_same_moment(line, moment) for moment in moments):
            moments.append(line)
            yield line


def _is_same_moment(line: Line, other: Line) -> bool:
    """Whether two lines of a video begin together, or are shown together by two tracks (translations)."""
    if line.start_seconds is None or other.start_seconds is None:
        return line.start_seconds is other.start_seconds
    if abs(line.start_seconds - other.start_seconds) <= SAME_MOMENT_SECONDS:
        return True
    if line.subtitle_id == other.subtitle_id or line.end_seconds is None or other.end_seconds is None:
        return False
    return line.start_seconds < other.end_seconds and other.start_seconds < line.end_seconds
