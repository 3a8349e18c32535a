"""A query → the terms that are looked for: words, and phrases of characters in scripts without spaces."""

from __future__ import annotations

import itertools
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass

from mediaindex.store.words.folding import is_unspaced, tokens

MOST_TERMS = 32
"""More say nothing new of a query, and each costs a look into the index."""

_STOP_WORDS = """
a an and are as at be by for from has have he her his in into is it its of on or she that the their them
there they this to was were where which while who with
"""
STOP_WORDS = frozenset((word,) for word in _STOP_WORDS.split())


@dataclass(frozen=True, slots=True)
class Term:
    """What counts as one word of a query.

    Attributes:
        spelling: as it was typed, in lower case.
        tokens: how it stands in the index, one after the other.
    """

    spelling: str
    tokens: tuple[str, ...]

    @property
    def phrase(self) -> str:
        """The term as FTS5 matches it. Tokens hold letters, digits and marks, so nothing is to be escaped."""
        return '"' + " ".join(self.tokens) + '"'


def query_terms(text: str) -> list[Term]:
    """The distinct terms that matter, `MOST_TERMS` at most; stop words count where there is nothing else."""
    every: dict[tuple[str, ...], Term] = {}
    for part in text.split():
        phrases = list(_phrases(tokens(part)))
        for phrase in phrases:
            spelling = _spelling(part) if len(phrases) == 1 else "".join(phrase)
            every.setdefault(phrase, Term(spelling, phrase))
    telling = [term for term in every.values() if term.tokens not in STOP_WORDS]
    return (telling or list(every.values()))[:MOST_TERMS]


def _phrases(found: list[str]) -> Iterator[tuple[str, ...]]:
    """Words one by one, neighbouring characters of scripts without spaces together."""
    for unspaced, run in itertools.groupby(found, key=is_unspaced):
        if unspaced:
            yield tuple(run)
        else:
            yield from ((word,) for word in run)


def _spelling(part: str) -> str:
    """A part of a query without the signs around it."""
    typed = unicodedata.normalize("NFC", part).lower()
    letters = [place for place, sign in enumerate(typed) if unicodedata.category(sign)[0] in "LMN"]
    return typed[letters[0] : letters[-1] + 1] if letters else typed
