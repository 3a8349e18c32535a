"""A term of a query → what stands for it in this library: itself, its inflections, compounds, the nearest."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

from sqlalchemy import Connection

from mediaindex.store.word_index import vocabulary
from mediaindex.store.words.terms import Term, quoted


class AskedTerm(NamedTuple):
    """A term as the index is asked for it.

    Attributes:
        spelling: how a hit names it: as it was typed, or the word of the library that took its place.
        exact: what FTS5 matches for the term itself.
        near: what it matches for the words that stand for it; empty where there are none.
        required: no place answers without it.
        typed: what a word of the library took the place of, None where nothing did.
    """

    spelling: str
    exact: str
    near: str = ""
    required: bool = False
    typed: str | None = None

    @property
    def either(self) -> str:
        """The term or what stands for it."""
        return any_of(filter(None, (self.exact, self.near)))


Stands = Callable[[str], bool]
"""Whether something that may be shown matches an expression of FTS5."""


def any_of(expressions: Iterable[str]) -> str:
    """One expression of FTS5 for any of several."""
    return " OR ".join(expressions)


def asked_terms(
    connection: Connection, terms: Sequence[Term], stands: Stands, *, unfinished: bool = False
) -> list[AskedTerm]:
    """Each term with what stands for it.

    Args:
        unfinished: the last term may be but the beginning of a word.
    """
    joined = _joined(connection, terms)
    asked = []
    for number, term in enumerate(terms):
        is_beginning = unfinished and number == len(terms) - 1
        asked.append(_asked(connection, term, stands, joined.get(term, ()), is_beginning=is_beginning))
    return asked


def inflected(connection: Connection, term: Term) -> str:
    """What matches a term and its inflections, and nothing that is only near to it."""
    return any_of([term.phrase, *map(quoted, _inflections(connection, term))])


def _asked(
    connection: Connection, term: Term, stands: Stands, joined: Iterable[str], *, is_beginning: bool
) -> AskedTerm:
    exact = any_of([term.phrase, *map(quoted, term.readings)])
    if term.word is None:
        return AskedTerm(term.spelling, exact)
    compounds = vocabulary.compounds(connection, term.word)
    near = [*joined, *_inflections(connection, term), *compounds.sure]
    found = AskedTerm(term.spelling, exact, any_of(map(quoted, dict.fromkeys(near))))
    if is_beginning:
        found = found._replace(near=any_of(filter(None, (found.near, f"{term.phrase} *"))))
    if stands(found.either):
        return found
    return _elsewise(connection, term.word, compounds.possible, found, stands)


def _elsewise(
    connection: Connection, word: str, wholes: Sequence[str], found: AskedTerm, stands: Stands
) -> AskedTerm:
    """What stands for a word that is nowhere: what it is a part of, its parts, or the nearest word."""
    parts = [" ".join(pair) for pair in vocabulary.parts_of(connection, word)]
    near = any_of(map(quoted, (*wholes, *parts)))
    if near and stands(near):
        return found._replace(near=near)
    for other in vocabulary.neighbours(connection, word):
        instead = any_of(map(quoted, (other, *vocabulary.of_one_stem(connection, other, other))))
        if stands(instead):
            return AskedTerm(other, found.exact, instead, typed=found.spelling)
    return found


def _inflections(connection: Connection, term: Term) -> list[str]:
    return [] if term.word is None else vocabulary.of_one_stem(connection, term.word, term.spelling)


def _joined(connection: Connection, terms: Sequence[Term]) -> dict[Term, list[str]]:
    """Term → words of the library that are written of it and its neighbour: `beach walk` → beachwalk."""
    pairs = [
        (one, other, one.word + other.word)
        for one, other in itertools.pairwise(terms)
        if one.word is not None and other.word is not None
    ]
    known = vocabulary.holds(connection, [whole for _one, _other, whole in pairs]) if pairs else set()
    joined: dict[Term, list[str]] = {}
    for one, other, whole in pairs:
        if whole in known:
            joined.setdefault(one, []).append(whole)
            joined.setdefault(other, []).append(whole)
    return joined
