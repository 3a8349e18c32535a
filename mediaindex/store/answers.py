"""The last answers of a library, so that `open RANK` knows what was shown."""

from __future__ import annotations

import time
from typing import Any

import sqlalchemy as sa

from mediaindex.safe_text import storable
from mediaindex.store.catalog.schema import answer
from mediaindex.store.library import Library

KEPT = 100


def remember(library: Library, query: str, hits: list[dict[str, Any]]) -> None:
    """Keep an answer as it was printed."""
    with library.write() as connection:
        connection.execute(sa.insert(answer).values(query=storable(query), hits=hits, asked_at=time.time()))
        newest = sa.select(answer.c.id).order_by(answer.c.id.desc()).limit(KEPT)
        connection.execute(sa.delete(answer).where(answer.c.id.not_in(newest)))


def last(library: Library) -> tuple[str, list[dict[str, Any]]] | None:
    """The query and the hits of the last search, None where there was none."""
    with library.read() as connection:
        row = connection.execute(sa.select(answer).order_by(answer.c.id.desc()).limit(1)).first()
    return None if row is None else (row.query, row.hits)
