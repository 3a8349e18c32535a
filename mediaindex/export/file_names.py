"""Where the files of an export go: one to the name that was given, several into a folder."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from pathlib import Path

from mediaindex.errors import UsageError
from mediaindex.safe_text import printable

LONGEST_BYTES = 200


def is_folder(typed: str) -> bool:
    """Whether what was typed behind --out names a folder, that exists or not."""
    return typed.endswith(os.sep) or os.path.isdir(typed)


def places_of(typed: str, stems: Sequence[str], suffix: str, *, due: str) -> list[Path]:
    """A path for each file, none of them twice.

    Args:
        stems: what the names of the files say, where they are not typed.
        due: how many files there are and why, for a refusal.

    Raises:
        UsageError: several files are due, and a file's name was typed.
    """
    out = Path(os.path.abspath(typed))
    if len(stems) == 1 and not is_folder(typed):
        return [out]
    if not is_folder(typed) and (out.suffix or out.exists()):
        raise UsageError(f"{due}: --out must name a folder, and {typed} is the name of a file")
    return [out / name for name in distinct(stems, suffix)]


def distinct(stems: Iterable[str], suffix: str) -> list[str]:
    """File names of these stems, each made fit for any disk; a second one of a name gets a number."""
    names: list[str] = []
    taken: set[str] = set()
    for stem in stems:
        fit = _fit(stem)
        name, number = f"{fit}{suffix}", 2
        while name.casefold() in taken:
            name, number = f"{fit}-{number}{suffix}", number + 1
        taken.add(name.casefold())
        names.append(name)
    return names


def _fit(stem: str) -> str:
    text = "".join("_" if letter in '/\\:*?"<>|' else letter for letter in printable(stem)).strip(" .")
    while len(text.encode()) > LONGEST_BYTES:
        text = text[:-1]
    return text or "cut"
