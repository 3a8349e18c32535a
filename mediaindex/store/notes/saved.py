"""Saved searches: texts that the user wants to ask again.

Every function takes a connection inside a transaction of `Library.read` or `Library.write`.
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy import Connection
from sqlalchemy.dialects.sqlite import insert

from mediaindex.errors import UsageError
from mediaindex.safe_text import storable
from mediaindex.store.catalog.database import in_chunks
from mediaindex.store.catalog.schema import saved_search


@dataclass(frozen=True, slots=True)
class SavedSearch:
    """A search to be asked again; `created_at` is Unix time."""

    id: int
    text: str
    created_at: float


def save(connection: Connection, text: str) -> SavedSearch:
    """Keep a search; one that is kept already stays as it is.

    Raises:
        UsageError: it is empty.
    """
    line = _line(text)
    if not line:
        raise UsageError("the search is empty; write what to look for")
    new = insert(saved_search).values(text=line, created_at=time.time())
    connection.execute(new.on_conflict_do_nothing())
    row = connection.execute(sa.select(saved_search).where(saved_search.c.text == line)).one()
    return SavedSearch(*row)


def every(connection: Connection) -> list[SavedSearch]:
    """The saved searches, the newest first."""
    newest_first = sa.select(saved_search).order_by(saved_search.c.id.desc())
    return [SavedSearch(*row) for row in connection.execute(newest_first)]


def count(connection: Connection) -> int:
    """How many searches are saved."""
    return int(connection.execute(sa.select(sa.func.count()).select_from(saved_search)).scalar_one())


def remove(connection: Connection, ids: Iterable[int]) -> list[int]:
    """Remove saved searches; the ids of those that were there."""
    removed: list[int] = []
    for chunk in in_chunks(list(ids)):
        gone = sa.delete(saved_search).where(saved_search.c.id.in_(chunk)).returning(saved_search.c.id)
        removed += connection.execute(gone).scalars()
    return sorted(removed)


def remove_text(connection: Connection, text: str) -> bool:
    """Remove the saved search of this text; whether there was one."""
    gone = sa.delete(saved_search).where(saved_search.c.text == _line(text))
    return bool(connection.execute(gone).rowcount)


def _line(text: str) -> str:
    return storable(" ".join(text.split()))
