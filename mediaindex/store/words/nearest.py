"""A word that is misspelt → the nearest of other words."""

from __future__ import annotations

from collections.abc import Sequence

FEWEST_LETTERS = 4
"""A shorter word has too many neighbours."""
_LETTERS_OF_TWO_ERRORS = 7
_NEIGHBOURS = 8


def errors_allowed(word: str) -> int:
    """How many letters of a word may be wrong, missing, too many or swapped."""
    if len(word) < FEWEST_LETTERS:
        return 0
    return 1 if len(word) < _LETTERS_OF_TWO_ERRORS else 2


def nearest(word: str, others: Sequence[str]) -> list[str]:
    """The nearest words, those with the same first letter before others; none beyond the errors allowed."""
    from rapidfuzz import process
    from rapidfuzz.distance import OSA

    most = errors_allowed(word)
    found = process.extract(word, others, scorer=OSA.distance, score_cutoff=most, limit=_NEIGHBOURS)
    ordered = sorted((errors, other[0] != word[0], other) for other, errors, _place in found)
    return [other for _errors, _begins_otherwise, other in ordered]
