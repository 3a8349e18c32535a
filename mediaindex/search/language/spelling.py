"""Names that were nearly typed: one letter off, or near enough to be meant."""

from __future__ import annotations

import difflib
import unicodedata
from collections.abc import Iterable

_LEAST_LIKENESS = 0.6
_SHORT = 2


def folded(name: str) -> str:
    """A name without case, in one Unicode form: what a person takes for the same."""
    if name.isascii():
        return name.lower()
    composed = unicodedata.normalize("NFC", name)
    return unicodedata.normalize("NFC", composed.casefold())


def is_one_letter_off(typed: str, meant: str) -> bool:
    """Whether one letter is too many, missing or another, or two neighbours are swapped."""
    if len(typed) == len(meant):
        different = [
            place for place, letters in enumerate(zip(typed, meant, strict=True)) if len(set(letters)) > 1
        ]
        if len(different) != _SHORT:
            return len(different) == 1
        first, second = different
        return second == first + 1 and (typed[first], typed[second]) == (meant[second], meant[first])
    shorter, longer = sorted((typed, meant), key=len)
    return any(longer[:place] + longer[place + 1 :] == shorter for place in range(len(longer)))


def key_meant(typed: str, keys: Iterable[str], *, has_value: bool) -> str | None:
    """The known key that is one letter off, None where there is none.

    Half of a key of two letters says little, and `it: the sea` is a sentence: there a value has to follow at
    once, as in `im:Holiday`.
    """
    near = (key for key in keys if is_one_letter_off(typed, key) and (has_value or len(key) > _SHORT))
    return next(near, None)


def nearest(typed: str, names: Iterable[str], *, most: int = 3) -> list[str]:
    """The names that may have been meant, the likeliest first.

    A name also counts by as much of its beginning as was typed: `Hoilday` is near `Holiday 2024`.
    """
    wanted = folded(typed)
    spelled: dict[str, list[str]] = {}
    for name in dict.fromkeys(names):
        for form in {folded(name), folded(name)[: len(wanted)]}:
            spelled.setdefault(form, []).append(name)
    found = difflib.get_close_matches(wanted, spelled, n=2 * most, cutoff=_LEAST_LIKENESS)
    return list(dict.fromkeys(name for form in found for name in spelled[form]))[:most]
