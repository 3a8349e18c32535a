"""Names as people read them: `beachWalk2` is "beach walk 2", `IMG_20240503` a day of 2024.

A name is indexed as it is written, and beside this in its other readings. A phrase is found within a reading.
"""

from __future__ import annotations

import itertools
import re
import unicodedata
from datetime import date

from mediaindex.store.words.folding import folded

_RUN = re.compile(r"[^\W\d_]+|\d+")
_DAY = re.compile(r"(?<!\d)((?:19|20)\d{6})(\d{6})?(?!\d)")


def readings(text: str) -> tuple[str, ...]:
    """A name's other readings, folded.

    Digits part from letters, then words within a word (camelCase) and the day of a date part as well.
    """
    composed = unicodedata.normalize("NFC", text)
    numbered = _RUN.sub(r" \g<0> ", composed) if _joins_digits(composed) else composed
    parted = " ".join(_hump_parted(run) for run in _DAY.sub(_day_parted, numbered).split())
    written = folded(text)
    others = dict.fromkeys(folded(reading) for reading in (numbered, parted))
    return tuple(reading for reading in others if reading != written)


def _joins_digits(text: str) -> bool:
    pairs = itertools.pairwise(text)
    return any(one.isdigit() != other.isdigit() for one, other in pairs if one.isalnum() and other.isalnum())


def _day_parted(match: re.Match[str]) -> str:
    try:
        day = date(int(match[1][:4]), int(match[1][4:6]), int(match[1][6:]))
    except ValueError:
        return match[0]
    return f"{day:%Y %m %d} {match[2] or ''}"


def _hump_parted(word: str) -> str:
    """`beachWalk` → `beach Walk`, `HTMLFile` → `HTML File`."""
    parted = ""
    for place, letter in enumerate(word):
        after = word[place + 1 : place + 2]
        before = word[place - 1] if place else ""
        if letter.isupper() and (before.islower() or (before.isupper() and after.islower())):
            parted += " "
        parted += letter
    return parted
