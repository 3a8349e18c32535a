"""Files that could not be read, and files without a film, with the reason of each.

Every function takes a connection inside a transaction of `Library.read` or `Library.write`.
"""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection
from sqlalchemy.dialects.sqlite import insert

from mediaindex.store.catalog.locations import record, rows_below
from mediaindex.store.catalog.schema import failure, skipped

LONGEST_WAIT_SECONDS = 6 * 3600.0
"""The longest wait before the next try; only a wrong clock can have set a later one."""


@dataclass(frozen=True, slots=True)
class Failure:
    """A file that could not be read; `state` is waiting (tried again) or dead."""

    path: Path
    stage: str
    state: str
    attempts: int
    next_at: float | None
    reason: str
    size: int
    mtime_ns: int
    decoder: str

    def is_due(self, now: float) -> bool:
        """Whether the next try may begin at this Unix time."""
        return self.next_at is None or not now < self.next_at <= now + LONGEST_WAIT_SECONDS


def failures(connection: Connection, folders: Sequence[Path] | None = None) -> dict[Path, Failure]:
    """Files that could not be read, all or those inside the folders."""
    query = sa.select(failure).order_by(failure.c.id)
    if folders is None:
        return {row.path: record(Failure, row) for row in connection.execute(query)}
    rows = rows_below(connection, query, failure.c.path, folders)
    return {row.path: record(Failure, row) for row in rows}


def due_failures(connection: Connection, now: float) -> list[Path]:
    """Files whose next try is due, the longest overdue first."""
    due = sa.or_(failure.c.next_at <= now, failure.c.next_at > now + LONGEST_WAIT_SECONDS)
    waiting = sa.select(failure.c.path).where(failure.c.state == "waiting", due)
    return list(connection.execute(waiting.order_by(failure.c.next_at)).scalars())


def next_due(connection: Connection) -> float | None:
    """The Unix time at which the next file is due, None where none waits."""
    query = sa.select(sa.func.min(failure.c.next_at)).where(failure.c.state == "waiting")
    return connection.execute(query).scalar()


def set_failure(connection: Connection, record: Failure) -> None:
    """Remember why a file could not be read."""
    values = dataclasses.asdict(record)
    path = values.pop("path")
    values["updated_at"] = time.time()
    upsert = insert(failure).values(path=path, **values)
    connection.execute(upsert.on_conflict_do_update(index_elements=["path"], set_=values))


def clear_failure(connection: Connection, path: Path) -> None:
    """A file was read after all, or is gone."""
    connection.execute(sa.delete(failure).where(failure.c.path == path))


def skips(connection: Connection, folders: Sequence[Path]) -> dict[Path, sa.Row[Any]]:
    """Files without a film, by path: size, mtime_ns, reason."""
    return {row.path: row for row in rows_below(connection, sa.select(skipped), skipped.c.path, folders)}


def set_skip(connection: Connection, path: Path, *, size: int, mtime_ns: int, reason: str) -> None:
    """Remember that a file has no film, so that it is not opened again while it stays the same."""
    values = {"size": size, "mtime_ns": mtime_ns, "reason": reason}
    upsert = insert(skipped).values(path=path, **values)
    connection.execute(upsert.on_conflict_do_update(index_elements=["path"], set_=values))


def clear_skip(connection: Connection, path: Path) -> None:
    """The file is gone or has become a film."""
    connection.execute(sa.delete(skipped).where(skipped.c.path == path))
