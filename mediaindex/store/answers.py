"""The last answers of a library, so that `open RANK` knows what was shown.

An answer that the library cannot take (it is read-only, its disk is full, another process writes) is kept
in the user's cache folder. It never waits for long, and is lost if that folder cannot take it either.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import time
from pathlib import Path
from typing import Any, NamedTuple

import platformdirs
import sqlalchemy as sa

from mediaindex.errors import NoSpace, WriterBusy
from mediaindex.safe_text import storable
from mediaindex.store.catalog.schema import answer
from mediaindex.store.layout import make_private_folder, private
from mediaindex.store.library import Library

KEPT = 100
PATIENCE_MS = 100
Hits = list[dict[str, Any]]


class LastAnswer(NamedTuple):
    """The last search and what it printed.

    Attributes:
        asked_at: Unix time.
        in_history: whether moments of it that are opened become picks of the history.
    """

    query: str
    hits: Hits
    asked_at: float
    in_history: bool = True


def remember(library: Library, query: str, hits: Hits, *, in_history: bool = True) -> bool:
    """Keep an answer as it was printed; False where nothing can take it."""
    kept = LastAnswer(storable(query), hits, time.time(), in_history)
    try:
        with library.write(patience_ms=PATIENCE_MS) as connection:
            connection.execute(sa.insert(answer).values(kept._asdict()))
            newest = sa.select(answer.c.id).order_by(answer.c.id.desc()).limit(KEPT)
            connection.execute(sa.delete(answer).where(answer.c.id.not_in(newest)))
        return True
    except (NoSpace, WriterBusy):
        return _remember_beside(library.root, kept._asdict())


def forget_older(connection: sa.Connection) -> None:
    """Remove every answer but the last, which `open RANK` is about."""
    newest = sa.select(sa.func.max(answer.c.id)).scalar_subquery()
    connection.execute(sa.delete(answer).where(answer.c.id < newest))


def last(library: Library) -> LastAnswer | None:
    """The last search of a library, None where there was none."""
    with library.read() as connection:
        row = connection.execute(sa.select(answer).order_by(answer.c.id.desc()).limit(1)).first()
    other = _last_beside(library.root)
    if other is not None and (row is None or row.asked_at < other.asked_at):
        return other
    return None if row is None else LastAnswer(row.query, row.hits, row.asked_at, row.in_history)


def beside(root: Path) -> Path:
    """The file that keeps the last answer which a library could not take."""
    name = hashlib.sha256(os.fsencode(os.path.realpath(root))).hexdigest()[:16]
    return Path(platformdirs.user_cache_dir("mediaindex")) / f"answer-{name}.json"


def _remember_beside(root: Path, values: dict[str, Any]) -> bool:
    path = beside(root)
    temporary = path.with_suffix(f".{os.getpid()}.tmp")
    try:
        make_private_folder(path.parent)
        with open(temporary, "w", encoding="ascii", opener=private) as file:
            json.dump(values, file)
        temporary.replace(path)
    except OSError:
        with contextlib.suppress(OSError):
            temporary.unlink(missing_ok=True)
        return False
    return True


def _last_beside(root: Path) -> LastAnswer | None:
    try:
        return LastAnswer(**json.loads(beside(root).read_bytes()))
    except (OSError, ValueError, TypeError):
        return None
