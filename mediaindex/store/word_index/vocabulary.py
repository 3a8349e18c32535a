"""The words of the library, with their stems: what a query's word may stand for, and what it is near to.

Words are added with the texts that hold them, and stay when these go, until `drop_unused`. So a word from
here may stand nowhere; who asks for it finds nothing.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy import Connection
from sqlalchemy.dialects.sqlite import insert

from mediaindex.store.words.folding import spellings, tokens
from mediaindex.store.words.nearest import errors_allowed, nearest
from mediaindex.store.words.stems import is_sure, query_stems, stems

vocabulary = sa.table("vocabulary", *map(sa.column, ("word", "language", "letters", "reversed")))
stem = sa.table("stem", *map(sa.column, ("stem", "language", "word")))

OF_A_STEM = "*"
"""The language of a row that is no word, but the stem of one: "skatebord" is near to it."""
MOST_ALTERNATIVES = 64
NEIGHBOURS_SEEN = 200_000
"""A misspelt word is compared with so many words of its length at the most."""
LONGEST = 40
SHORTEST_PART = 4
"""Letters of a part of a compound."""
SHORTEST_REST, LONG_REST = 3, 5
"""Letters beside a part that make a compound where the part is nowhere else, and where it is."""
SHORTEST_BEGINNING = 2
"""Letters of a word that is completed: one says little, and a tenth of all places may hold it."""
BEGINNING = sa.text(
    """
    SELECT term FROM (
        SELECT term, doc FROM word_index_terms WHERE term >= :first AND term < :behind
        UNION ALL SELECT term, doc FROM word_index_cues_terms WHERE term >= :first AND term < :behind
    )
    WHERE term NOT GLOB '*[0-9]*'
    GROUP BY term ORDER BY SUM(doc) DESC, term LIMIT :limit
    """
)
HELD = sa.text(
    f"SELECT word FROM vocabulary "
    f"WHERE word IN (SELECT value FROM json_each(:words)) AND language <> '{OF_A_STEM}'"
)
_LINKS = ("", "s", "es", "n", "en", "e", "er")
"""What German and Dutch put between the parts of a compound."""


def add(connection: Connection, texts: Sequence[str], language: str | None) -> None:
    """Add the words of texts that are of one language, None where it is not known, and their stems."""
    spelled = [pair for pair in spellings(" ".join(texts)) if _is_word(pair[1])]
    known = _known(connection, [word for _spelling, word in spelled], language or "")
    new = [(spelling, word) for spelling, word in spelled if word not in known or spelling != word]
    words: dict[tuple[str, str], None] = {}
    forms: dict[tuple[str, str, str], None] = {}
    for spelling, word in new:
        words[word, language or ""] = None
        pairs = stems(spelling, language)
        for number, (of, form) in enumerate(pairs):
            if form != word:
                forms[form, of, word] = None
                if number == 0:
                    words[form, OF_A_STEM] = None
    if words:
        rows = [
            {"word": word, "language": of, "letters": len(word), "reversed": word[::-1]} for word, of in words
        ]
        connection.execute(insert(vocabulary).on_conflict_do_nothing(), rows)
    if forms:
        rows = [{"stem": form, "language": of, "word": word} for form, of, word in forms]
        connection.execute(insert(stem).on_conflict_do_nothing(), rows)


def _is_word(token: str) -> bool:
    return 1 < len(token) <= LONGEST and not any(sign.isdigit() for sign in token)


def _known(connection: Connection, words: Sequence[str], language: str) -> set[str]:
    here = sa.and_(vocabulary.c.language == language, vocabulary.c.word.in_(_listed(words)))
    return set(connection.execute(sa.select(vocabulary.c.word).where(here)).scalars())


def _listed(values: Sequence[str]) -> sa.Select[Any]:
    """Any number of values, for IN: a statement takes but so many."""
    return sa.select(sa.func.json_each(json.dumps(values)).table_valued("value").c.value)


def of_one_stem(connection: Connection, word: str, spelling: str) -> list[str]:
    """Other words of the library that share a stem with a query's word, in a language of theirs."""
    pairs = dict.fromkeys(query_stems(spelling) + query_stems(word))
    if not pairs:
        return []
    same = sa.tuple_(stem.c.stem, stem.c.language).in_([(form, language) for language, form in pairs])
    found = list(connection.execute(sa.select(stem.c.word).where(same).limit(MOST_ALTERNATIVES)).scalars())
    plain = sorted({form for language, form in pairs if is_sure(language, form)})
    known = holds(connection, plain)
    found += [form for form in plain if form in known]
    return [other for other in dict.fromkeys(found) if other != word]


def holds(connection: Connection, words: Sequence[str]) -> set[str]:
    """Which of some words the library knows."""
    if not words:
        return set()
    return set(connection.execute(HELD, {"words": json.dumps(words)}).scalars())


class Compounds(NamedTuple):
    """Words of the library that begin or end with a word: `strandspaziergang` for `strand`.

    Attributes:
        sure: the rest is long, or a word of the library too, so that `car` is not found in `carpet`, nor
            `nation` in `destination`.
        possible: these and others, for a word that stands nowhere itself: a guess is better than nothing.
    """

    sure: list[str]
    possible: list[str]


def compounds(connection: Connection, word: str) -> Compounds:
    """The compounds of a word."""
    if not SHORTEST_PART <= len(word) <= LONGEST:
        return Compounds([], [])
    rests: dict[str, tuple[str, int]] = {}
    for other in _between(connection, vocabulary.c.word, word):
        rests[other] = other.removeprefix(word), LONG_REST
    for other in _between(connection, vocabulary.c.reversed, word[::-1]):
        rests[other] = other.removesuffix(word), LONG_REST + 1
    known = holds(connection, sorted({part for rest, _long in rests.values() for part in _parts(rest)}))
    sure = [
        other
        for other, (rest, long) in rests.items()
        if (len(word) >= LONG_REST and len(rest) >= long) or any(part in known for part in _parts(rest))
    ]
    return Compounds(sure, [other for other, (rest, _long) in rests.items() if len(rest) >= SHORTEST_REST])


def _parts(rest: str) -> set[str]:
    """What the rest of a compound may be as a word: without what links it to the other part."""
    parts = {rest.removeprefix(link) for link in _LINKS} | {rest.removesuffix(link) for link in _LINKS}
    return {part for part in parts if len(part) >= SHORTEST_PART}


def _between(connection: Connection, column: sa.ColumnClause[Any], beginning: str) -> list[str]:
    """Words whose spelling, or reversed spelling, begins so."""
    here = sa.and_(column > beginning, column < beginning + "\U0010ffff", vocabulary.c.language != OF_A_STEM)
    query = sa.select(vocabulary.c.word).distinct().where(here).limit(MOST_ALTERNATIVES)
    return list(connection.execute(query).scalars())


def parts_of(connection: Connection, word: str) -> list[tuple[str, str]]:
    """The two words of the library that a word is written of: `beachwalk` → beach, walk."""
    if len(word) > LONGEST:
        return []
    pairs = [(word[:place], word[place:]) for place in range(3, len(word) - 2)]
    known = holds(connection, [part for pair in pairs for part in pair]) if pairs else set()
    return [pair for pair in pairs if set(pair) <= known]


def neighbours(connection: Connection, word: str) -> list[str]:
    """The words and stems of the library that are nearest to a word that is misspelt, nearest first."""
    most = errors_allowed(word)
    if most == 0 or not _is_word(word):
        return []
    near = vocabulary.c.letters.between(len(word) - most, len(word) + most)
    query = sa.select(vocabulary.c.word).distinct().where(near).limit(NEIGHBOURS_SEEN)
    return nearest(word, list(connection.execute(query).scalars()))


def words_beginning(connection: Connection, typed: str, *, limit: int) -> list[str]:
    """The words that begin as typed and stand in names or lines now, the most frequent first."""
    beginning = tokens(typed)
    if len(beginning) != 1 or len(beginning[0]) < SHORTEST_BEGINNING:
        return []
    with _indexed_terms(connection):
        rows = connection.execute(
            BEGINNING, {"first": beginning[0], "behind": beginning[0] + "\U0010ffff", "limit": limit}
        )
        return list(rows.scalars())


def drop_unused(connection: Connection) -> None:
    """Drop the words that stand in no text any more."""
    run = connection.exec_driver_sql
    with _indexed_terms(connection):
        run(
            "CREATE TEMP TABLE used AS "
            "SELECT term FROM word_index_terms UNION SELECT term FROM word_index_cues_terms"
        )
    run("CREATE INDEX temp.used_term ON used (term)")
    run("DELETE FROM stem WHERE word NOT IN (SELECT term FROM used)")
    run(
        "DELETE FROM vocabulary WHERE word NOT IN (SELECT term FROM used) "
        f"AND (language <> '{OF_A_STEM}' OR word NOT IN (SELECT stem FROM stem))"
    )
    run("DROP TABLE temp.used")


@contextlib.contextmanager
def _indexed_terms(connection: Connection) -> Iterator[None]:
    """The terms of both indexes as tables, `word_index_terms` and `word_index_cues_terms`."""
    tables = {index: f"{index}_terms" for index in ("word_index", "word_index_cues")}
    for index, table in tables.items():
        connection.exec_driver_sql(f"CREATE VIRTUAL TABLE temp.{table} USING fts5vocab(main, {index}, row)")
    try:
        yield
    finally:
        for table in tables.values():
            connection.exec_driver_sql(f"DROP TABLE temp.{table}")
