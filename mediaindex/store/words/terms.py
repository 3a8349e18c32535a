"""A query → the terms that are looked for: words, and phrases of characters in scripts without spaces."""

from __future__ import annotations

import itertools
import unicodedata
from collections.abc import Iterator
from typing import NamedTuple

from mediaindex.store.words.folding import is_unspaced, tokens
from mediaindex.store.words.readings import readings
from mediaindex.store.words.stop_words import small_words

MOST_TERMS = 32
"""More say nothing new of a query, and each costs a look into the index."""


class Term(NamedTuple):
    """What counts as one word of a query.

    Attributes:
        spelling: as it was typed, in lower case.
        tokens: how it stands in the index, one after the other.
        readings: other forms of it, as folded text: `hero 9` of `hero9`.
    """

    spelling: str
    tokens: tuple[str, ...]
    readings: tuple[str, ...] = ()

    @property
    def word(self) -> str | None:
        """Its one token where that is a word; None for a phrase, also of one character."""
        return self.tokens[0] if len(self.tokens) == 1 and not is_unspaced(self.tokens[0]) else None

    @property
    def phrase(self) -> str:
        """The term as FTS5 matches it."""
        return quoted(" ".join(self.tokens))


def quoted(folded_text: str) -> str:
    """Folded text as a phrase of FTS5. Tokens hold letters, digits and marks, so nothing is to be escaped."""
    return f'"{folded_text}"'


def query_terms(text: str) -> list[Term]:
    """The distinct terms that matter, `MOST_TERMS` at most; small words count where there is nothing else."""
    every: dict[tuple[str, ...], Term] = {}
    for part in text.split():
        phrases = list(_phrases(tokens(part)))
        for phrase in phrases:
            if len(phrases) == 1:
                term = Term(_spelling(part), phrase, _readings(part, phrase))
            else:
                term = Term("".join(phrase), phrase)
            every.setdefault(phrase, term)
    small = small_words([phrase[0] for phrase in every if len(phrase) == 1])
    telling = [term for term in every.values() if term.tokens[0] not in small]
    return (telling or list(every.values()))[:MOST_TERMS]


def phrase_term(text: str) -> Term | None:
    """A text whose words must stand one after the other, as one term; None where it has no words."""
    found = tuple(tokens(text)[:MOST_TERMS])
    return Term(" ".join(text.split()).lower(), found) if found else None


def _readings(part: str, phrase: tuple[str, ...]) -> tuple[str, ...]:
    """How else a part may stand in the index: `beachWalk` as two words, a day as one number."""
    if len(phrase) > 1 and all(map(str.isdecimal, phrase)):
        return ("".join(phrase),)
    return readings(part)


def _phrases(found: list[str]) -> Iterator[tuple[str, ...]]:
    """Words one by one; together neighbouring characters of scripts without spaces, and numbers: a date."""
    for kind, run in itertools.groupby(found, key=_kind):
        if kind == "word":
            yield from ((word,) for word in run)
        else:
            yield tuple(run)


def _kind(token: str) -> str:
    return "character" if is_unspaced(token) else "number" if token.isdecimal() else "word"


def _spelling(part: str) -> str:
    """A part of a query without the signs around it."""
    typed = unicodedata.normalize("NFC", part).lower()
    letters = [place for place, sign in enumerate(typed) if unicodedata.category(sign)[0] in "LMN"]
    return typed[letters[0] : letters[-1] + 1] if letters else typed
