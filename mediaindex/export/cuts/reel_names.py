"""Reel names of an edit decision list: at most eight capital letters and digits, one for each source."""

from __future__ import annotations

import re
from collections.abc import Iterable

from mediaindex.export.cuts.source import Source

LONGEST = 8
RESERVED = frozenset({"", "AX", "BL"})
"""A source without a reel, and black."""


def reel_names(sources: Iterable[Source]) -> dict[str, str]:
    """The reel of each source, by the path that an export writes; no two share one.

    It is the camera's, where that wrote one, else made of the file's name.
    """
    reels: dict[str, str] = {}
    taken = set(RESERVED)
    for source in sources:
        if source.target not in reels:
            reel = _free(_letters(source.reel_name or source.name.rpartition(".")[0] or source.name), taken)
            taken.add(reel)
            reels[source.target] = reel
    return reels


def _letters(name: str) -> str:
    return re.sub(r"[^A-Z0-9_]", "", name.upper(), flags=re.ASCII)[:LONGEST]


def _free(wanted: str, taken: set[str]) -> str:
    if wanted not in taken:
        return wanted
    stem = wanted or "REEL"
    number = 1
    while (reel := f"{stem[: LONGEST - len(str(number))]}{number}") in taken:
        number += 1
    return reel
