"""The names of a library: folders and videos that begin as typed behind `in:`, and what completes a query.

Names count from the root of a source downwards: what lies above says where a person keeps all videos.
"""

from __future__ import annotations

import os
import unicodedata
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Connection

from mediaindex.search.language.spelling import folded
from mediaindex.search.language.syntax import Token
from mediaindex.sources.path_tree import outermost
from mediaindex.store.catalog import lookup, sources
from mediaindex.store.catalog.locations import anything_hidden
from mediaindex.store.word_index import vocabulary
from mediaindex.store.word_index.matches import Shown
from mediaindex.store.words.terms import quoted

if TYPE_CHECKING:  # a search completes nothing
    from mediaindex.search.language.completion import Known

PATHS_READ = 5_000
"""Of so many of each root the names are offered where one was not found: a library may hold millions."""

WORDS_READ = 50
PLACES_COMPLETED = 100
"""Of so many places the names complete what was typed."""


def places_named(connection: Connection, roots: Sequence[Path], beginning: str) -> Iterator[Path]:
    """The roots, and the shown folders and videos below them, whose name begins so; none inside another.

    Case and Unicode form make no difference.

    Args:
        roots: of the sources.
    """
    for root in outermost(roots):
        if folded(root.name).startswith(folded(beginning)):
            yield root
        else:
            yield from _places_below(connection, root, beginning)


def known_names(connection: Connection, token: Token) -> Known:
    """What of a library may complete a token: no more of each kind than is ever offered."""
    from mediaindex.search.language.completion import MOST, Known

    match token.key if token.kind == "filter" else "":
        case "in":
            roots = [source.path for source in sources.all_sources(connection)]
            places = places_named(connection, roots, token.value)
            # Of one name there may be many, as of a folder in each year.
            names = dict.fromkeys(path.name for path in islice(places, PLACES_COMPLETED))
            return Known(folders=list(names)[: MOST + 1])
        case "camera":
            return Known(cameras=lookup.cameras(connection))
        case "after" | "before" | "on":
            return Known(days=lookup.recorded_days(connection, token.value, limit=MOST + 1))
        case "":
            _before, _, typed = token.value.rpartition(" ")
            return Known(words=list(islice(_words_shown(connection, typed), MOST + 1)))
    return Known()


def _words_shown(connection: Connection, typed: str) -> Iterator[str]:
    """The words that begin so, the most frequent first, without those of forgotten places alone."""
    shown = Shown(connection, anything_hidden=anything_hidden(connection))
    for word in vocabulary.words_beginning(connection, typed, limit=WORDS_READ):
        if shown.stands(quoted(word)):
            yield word


def names_below(connection: Connection, roots: Sequence[Path]) -> list[str]:
    """The names of roots, and of folders and videos below them, as many as are worth a hint."""
    names = dict.fromkeys(root.name for root in roots)
    for root in outermost(roots):
        for path in islice(lookup.paths_below(connection, root, "%"), PATHS_READ):
            names.update(dict.fromkeys(_parts(path, root)))
    return list(names)


def _places_below(connection: Connection, root: Path, beginning: str) -> Iterator[Path]:
    """One after the other in the order of paths; behind each the reading goes on."""
    letters = unicodedata.normalize("NFC", beginning)
    pattern = "".join([*map(_literal, str(root)), "%/", *map(_in_any_form, letters), "%"])
    start: bytes | None = b""
    while start is not None:
        found, start = next(_found(connection, root, beginning, pattern, start), (None, None))
        if found is not None:
            yield found


def _found(
    connection: Connection, root: Path, beginning: str, pattern: str, start: bytes
) -> Iterator[tuple[Path, bytes]]:
    """Places from `start` on, each with where to go on behind it."""
    wanted = folded(beginning)
    for path in lookup.paths_below(connection, root, pattern, start=start):
        if f"/{wanted}" not in folded(path):
            continue
        names = _parts(path, root)
        depth = next((n for n, name in enumerate(names) if folded(name).startswith(wanted)), None)
        if depth is not None:
            place = root.joinpath(*names[: depth + 1])
            # `0` follows `/`, so that nothing of a folder is behind it.
            yield place, os.fsencode(place) + (b"\0" if depth == len(names) - 1 else b"0")


def _parts(path: str, root: Path) -> list[str]:
    """The names on the way from a root to a path below it."""
    return path[len(str(root).rstrip("/")) + 1 :].split("/")


def _literal(sign: str) -> str:
    """A sign of a path in a pattern of LIKE; bytes that are no UTF-8 have none."""
    if "\ud800" <= sign <= "\udfff":
        return "%"
    return f"\\{sign}" if sign in "\\%_" else sign


def _in_any_form(sign: str) -> str:
    """The same for a sign that may have another case, or be composed in another way, than SQLite knows of."""
    has_one_form = sign.lower() == sign.upper() and unicodedata.normalize("NFD", sign) == sign
    return _literal(sign) if sign.isascii() or has_one_form else "%"
