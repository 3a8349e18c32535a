"""The rows that match terms: words about files, and cues. Every filter stands in the SQL, before its limit.

A frequent word stands in a hundred thousand cues, of which sixty are shown. So the newest are read alone, as
long as they lie in enough videos, else some of each video; a shorter line is not worth half a second. Of
several words those cues are read that hold enough of them, which SQLite counts.
"""

from __future__ import annotations

import math
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Protocol

import sqlalchemy as sa
from sqlalchemy import Connection

from mediaindex.store.word_index.alternatives import AskedTerm, any_of
from mediaindex.store.word_index.relevance import cues_of_best_videos, files_of_best_videos, saturation

CUES_OF_A_WORD = 8192
"""Of a word that stands in more cues than this, so many are read."""

# A video that lies nowhere is not shown. Words of one place count only where that place is not forgotten,
# other words where any is not.
SHOWN = "EXISTS (SELECT 1 FROM location AS l WHERE l.video_id = w.video_id)"
SHOWN_APART_FROM_HIDDEN = (
    "EXISTS (SELECT 1 FROM location AS l WHERE l.video_id = w.video_id AND l.forgotten_at IS NULL "
    "AND (w.location_id IS NULL OR l.id = w.location_id))"
)
PASSES = "passes(w.video_id)"
SAYS_ELSE = "w.folded <> :besides"

LENGTH = "LENGTH(w.folded) - LENGTH(REPLACE(w.folded, ' ', '')) + 1"
OF_FILES = """
SELECT w.video_id, w.field, {length} AS length
FROM word_index CROSS JOIN word AS w ON w.id = word_index.rowid
WHERE word_index MATCH :expression AND {filters}
"""
# In the order of the index, so that SQLite reads no further than its limit.
NEWEST_CUES = """
SELECT w.video_id, w.id, w.field, {length} AS length
FROM word_index_cues CROSS JOIN word AS w ON w.id = word_index_cues.rowid
WHERE word_index_cues MATCH :expression AND {filters}
ORDER BY word_index_cues.rowid DESC LIMIT :most
"""
# What the user wrote counts however old it is.
CAPTIONS = """
SELECT w.video_id, w.id, w.field, {length} AS length
FROM caption CROSS JOIN word AS w ON w.id = caption.word_id
    CROSS JOIN word_index_cues ON word_index_cues.rowid = w.id
WHERE word_index_cues MATCH :expression AND {filters}
ORDER BY w.id DESC LIMIT :most
"""
CUES_OF_EACH_VIDEO = """
SELECT video_id, id, field, length FROM (
    SELECT w.video_id, w.id, w.field, {length} AS length,
        ROW_NUMBER() OVER (PARTITION BY w.video_id ORDER BY w.field = 'caption' DESC, w.id DESC) AS number
    FROM word_index_cues CROSS JOIN word AS w ON w.id = word_index_cues.rowid
    WHERE word_index_cues MATCH :expression AND {filters}
) ORDER BY number, id DESC LIMIT :most
"""
CUES_OF_ENOUGH_TERMS = """
WITH
matched AS ({matched}),
cue AS (
    SELECT id, COUNT(DISTINCT term) AS terms, GROUP_CONCAT(number) AS numbers
    FROM matched GROUP BY id HAVING terms >= :enough
)
SELECT video_id, id, field, length, numbers FROM (
    SELECT w.video_id, w.id, w.field, {length} AS length, cue.numbers,
        ROW_NUMBER() OVER (
            PARTITION BY w.video_id ORDER BY w.field = 'caption' DESC, cue.terms DESC, w.id DESC
        ) AS place
    FROM cue CROSS JOIN word AS w ON w.id = cue.id
    WHERE {filters}
) ORDER BY place, id DESC LIMIT :most
"""
CUES_OF_ONE_TERM = (
    "SELECT rowid AS id, {term} AS term, {number} AS number "
    "FROM word_index_cues WHERE word_index_cues MATCH :expression{number}"
)
MATCHES_OF_ALL = "SELECT COUNT(*) AS matches FROM {index} WHERE {index} MATCH :expression"
MATCHES = """
SELECT 1 FROM {index} CROSS JOIN word AS w ON w.id = {index}.rowid
WHERE {index} MATCH :expression AND {filters} LIMIT 1
"""
PLACES = """
SELECT DISTINCT w.video_id, w.start_seconds, w.end_seconds
FROM {index} CROSS JOIN word AS w ON w.id = {index}.rowid
WHERE {index} MATCH :expression AND {filters}
"""
INDEXES = ("word_index", "word_index_cues")


class _Array(Protocol):
    """An array of numpy, which is not loaded for this."""

    def tolist(self) -> Any:
        """Its numbers."""


Allowed = _Array | Iterable[int] | None
"""Ids of the videos that may answer, None for all."""


@dataclass(slots=True)
class Place:
    """A cue, or all words about a file (`cue` 0), with the terms that stand there.

    Attributes:
        scores: (term, field) → BM25. exact: the terms that stand there themselves.
    """

    video_id: int
    cue: int
    scores: dict[tuple[int, str], float] = field(default_factory=dict)
    exact: set[int] = field(default_factory=set)

    def add(self, term: int, where: str, score: float, *, is_exact: bool) -> None:
        """Add a match; of several of a term in a field the best counts."""
        self.scores[term, where] = max(score, self.scores.get((term, where), 0.0))
        if is_exact:
            self.exact.add(term)


class _Expression(NamedTuple):
    """What FTS5 matches for a term: itself, or what stands for it."""

    term: int
    text: str
    is_exact: bool


class _Places(dict[int, Place]):
    """Places by their cues, or by their videos where they are files."""

    def add(
        self, video_id: int, cue: int, where: str, length: int, matched: _Expression, weight: float
    ) -> None:
        """Add a match."""
        key = cue or video_id
        score = weight * saturation(length)
        if (place := self.get(key)) is not None:
            place.add(matched.term, where, score, is_exact=matched.is_exact)
        else:
            exact = {matched.term} if matched.is_exact else set()
            self[key] = Place(video_id, cue, {(matched.term, where): score}, exact)


class Shown:
    """What of a library may answer one query; of its connection, for as long as its transaction lasts.

    Args:
        allowed: the videos that may answer.
        excluded: an expression of FTS5; files whose words match it do not answer, nor do cues that match it.
        anything_hidden: whether any place is forgotten; most libraries have none.
        besides: folded text; what says the same word for word does not answer.
    """

    def __init__(
        self,
        connection: Connection,
        allowed: Allowed = None,
        excluded: str = "",
        *,
        anything_hidden: bool,
        besides: str = "",
    ) -> None:
        self._connection = connection
        self._excluded = excluded
        self._filters = SHOWN_APART_FROM_HIDDEN if anything_hidden else SHOWN
        self._values = {"besides": besides} if besides else {}
        if besides:
            self._filters = f"{SAYS_ELSE} AND {self._filters}"
        without = (
            {video for video, start, _end in self.places(excluded) if start is None} if excluded else set()
        )
        if allowed is not None or without:
            driver = connection.connection.driver_connection
            assert isinstance(driver, sqlite3.Connection)
            driver.create_function("passes", 1, _passes(allowed, without))
            self._filters = f"{PASSES} AND {self._filters}"

    def stands(self, expression: str) -> bool:
        """Whether anything that may answer matches."""
        return any(self._rows(MATCHES, expression, index=index) for index in INDEXES)

    def places(self, expression: str) -> list[tuple[int, float | None, float | None]]:
        """(video, start, end) of all that matches; start and end are None for words about a file."""
        rows = [row for index in INDEXES for row in self._rows(PLACES, expression, index=index)]
        return [(row.video_id, row.start_seconds, row.end_seconds) for row in rows]

    def matching(self, asked: Sequence[AskedTerm], *, enough: float, videos: int) -> list[Place]:
        """The files about which the words say any of the terms, and the cues that hold enough of them.

        Args:
            videos: cues of so many videos, where there are so many; of one word alone, what stands in the
                best so many.
        """
        expressions = list(_expressions(asked))
        weights = [self._weight(one.text) for one in expressions]
        narrowed = [one._replace(text=self._narrowed(one.text, asked)) for one in expressions]
        is_alone = len(expressions) == 1
        files, cues = _Places(), _Places()
        for one, weight in zip(expressions, weights, strict=True):
            rows = self._rows(OF_FILES, one.text)
            for video_id, where, length in files_of_best_videos(rows, videos) if is_alone else rows:
                files.add(video_id, 0, where, length, one, weight)
        if enough > 1:
            for video_id, cue, where, length, numbers in self._of_enough_terms(narrowed, enough):
                for number in map(int, numbers.split(",")):
                    cues.add(video_id, cue, where, length, narrowed[number], weights[number])
        else:
            for one, weight in zip(narrowed, weights, strict=True):
                rows = self._of_any_term(one, narrowed, videos)
                for video_id, cue, where, length in cues_of_best_videos(rows, videos) if is_alone else rows:
                    cues.add(video_id, cue, where, length, one, weight)
        return [*files.values(), *cues.values()]

    def _of_any_term(
        self, one: _Expression, expressions: Sequence[_Expression], videos: int
    ) -> Sequence[Any]:
        """The cues that match; those that hold another term as well, where not all are read."""
        rows = self._of_any_age(one.text, videos)
        others = any_of(other.text for other in expressions if other.term != one.term)
        if not others or len(rows) < CUES_OF_A_WORD:
            return rows
        both = f"({one.text}) AND ({others})"
        return [*rows, *self._rows(NEWEST_CUES, both, most=CUES_OF_A_WORD)]

    def _of_any_age(self, expression: str, videos: int) -> Sequence[Any]:
        """All cues that match; of many the captions and the newest, or some of each of few videos."""
        rows = self._rows(NEWEST_CUES, expression, most=CUES_OF_A_WORD)
        if len(rows) < CUES_OF_A_WORD:
            return rows
        if len({row.video_id for row in rows}) < videos:
            rows = self._rows(CUES_OF_EACH_VIDEO, expression, most=CUES_OF_A_WORD)
        return [*self._rows(CAPTIONS, expression, most=CUES_OF_A_WORD), *rows]

    def _of_enough_terms(self, expressions: Sequence[_Expression], enough: float) -> Sequence[Any]:
        matched = " UNION ALL ".join(
            CUES_OF_ONE_TERM.format(term=one.term, number=number) for number, one in enumerate(expressions)
        )
        values: dict[str, Any] = {f"expression{number}": one.text for number, one in enumerate(expressions)}
        text = sa.text(CUES_OF_ENOUGH_TERMS.format(matched=matched, filters=self._filters, length=LENGTH))
        values |= {"enough": enough, "most": CUES_OF_A_WORD, **self._values}
        return self._connection.execute(text, values).all()

    def _weight(self, expression: str) -> float:
        """How much a match says, by how rare it is: the inverse document frequency of BM25."""
        every = self._connection.execute(sa.text("SELECT MAX(id) FROM word")).scalar() or 0
        counts = (self._rows(MATCHES_OF_ALL, expression, index=index)[0].matches for index in INDEXES)
        count = sum(counts)
        return math.log(1 + (max(every - count, 0) + 0.5) / (count + 0.5))

    def _narrowed(self, expression: str, asked: Sequence[AskedTerm]) -> str:
        """An expression for those of its cues that hold what is required and nothing that is excluded."""
        required = "".join(f" AND ({term.exact})" for term in asked if term.required)
        narrowed = f"({expression}){required}"
        return f"({narrowed}) NOT ({self._excluded})" if self._excluded else narrowed

    def _rows(self, statement: str, expression: str, **parts: Any) -> Sequence[Any]:
        values = {name: parts.pop(name) for name in ("most",) if name in parts}
        text = sa.text(statement.format(filters=self._filters, length=LENGTH, **parts))
        return self._connection.execute(text, {"expression": expression, **values, **self._values}).all()


def _passes(allowed: Allowed, without: set[int]) -> Callable[[int], bool]:
    """Whether a video is allowed, as a function that SQLite calls for each row."""
    if allowed is None:
        return lambda video_id: video_id not in without
    wanted = frozenset(allowed if isinstance(allowed, Iterable) else allowed.tolist()) - without
    return wanted.__contains__


def _expressions(asked: Sequence[AskedTerm]) -> Iterator[_Expression]:
    for number, term in enumerate(asked):
        yield _Expression(number, term.exact, True)
        if term.near:
            yield _Expression(number, term.near, False)
