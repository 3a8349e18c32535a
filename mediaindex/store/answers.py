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
from typing import Any

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


def remember(library: Library, query: str, hits: Hits) -> bool:
    """Keep an answer as it was printed; False where nothing can take it."""
    asked_at, query = time.time(), storable(query)
    try:
        with library.write(patience_ms=PATIENCE_MS) as connection:
            connection.execute(sa.insert(answer).values(query=query, hits=hits, asked_at=asked_at))
            newest = sa.select(answer.c.id).order_by(answer.c.id.desc()).limit(KEPT)
            connection.execute(sa.delete(answer).where(answer.c.id.not_in(newest)))
        return True
    except (NoSpace, WriterBusy):
        return _remember_beside(library.root, {"asked_at": asked_at, "query": query, "hits": hits})


def last(library: Library) -> tuple[str, Hits] | None:
    """The query and the hits of the last search, None where there was none."""
    with library.read() as connection:
        row = connection.execute(sa.select(answer).order_by(answer.c.id.desc()).limit(1)).first()
    other = _last_beside(library.root)
    if other is not None and (row is None or row.asked_at < other["asked_at"]):
        return other["query"], other["hits"]
    return None if row is None else (row.query, row.hits)


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


def _last_beside(root: Path) -> dict[str, Any] | None:
    try:
        values: dict[str, Any] = json.loads(beside(root).read_bytes())
        return values if {"asked_at", "query", "hits"} <= values.keys() else None
    except (OSError, ValueError, AttributeError):
        return None
