"""What another process asks of the one that writes: rows, progress, outcome.

The writer may run for months, and nothing that a user does waits for it to end. What needs the
writer while another process holds the lock becomes a row; the holder carries it out between two
batches and the asker follows its progress. An asker whose holder is gone takes the lock and does the
work itself, older requests first.
"""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from mediaindex.errors import MediaIndexError, WriterBusy
from mediaindex.store.catalog.schema import request
from mediaindex.store.library import Library

logger = logging.getLogger(__name__)

POLL_SECONDS = 0.2
KEPT_SECONDS = 24 * 3600.0

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a request: the JSON of the command, its exit code, and the error's line if any."""

    result: Json
    exit_code: int
    error: str | None = None


Perform = Callable[[str, Json, Callable[[Json], None]], Outcome]
"""Carries out (kind, arguments, progress callback) with the lock held."""


def carry_out(
    library: Library,
    kind: str,
    arguments: Json,
    *,
    perform: Perform,
    progress: Callable[[Json], None],
    wait: bool = True,
) -> Outcome:
    """Do what needs the writer: here if the lock is free, else through the process that holds it.

    Args:
        wait: False queues nothing.

    Raises:
        WriterBusy: another process writes and `wait` is False.
    """
    try:
        with library.lock():
            serve(library, perform)
            outcome = attempt(perform, kind, arguments, progress)
            serve(library, perform)
            return outcome
    except WriterBusy:
        if not wait:
            raise
    number = _queue(library, kind, arguments)
    try:
        return _follow(library, number, perform, progress)
    except KeyboardInterrupt:
        raise KeyboardInterrupt(
            "stopped waiting; the process that writes goes on with this request"
        ) from None


def attempt(perform: Perform, kind: str, arguments: Json, progress: Callable[[Json], None]) -> Outcome:
    """Carry out one request; a user's error becomes its outcome."""
    try:
        return perform(kind, arguments, progress)
    except MediaIndexError as error:
        return Outcome({}, error.exit_code, str(error))


def waiting(library: Library) -> bool:
    """Whether a request is queued; cheap enough to ask between two batches."""
    with library.read() as connection:
        queued = sa.select(request.c.id).where(request.c.state == "queued").limit(1)
        return connection.execute(queued).first() is not None


def serve(library: Library, perform: Perform) -> int:
    """Carry out every queued request, and those of a holder that died; only the lock's holder may.

    A request found running belongs to a holder that died, since there is one lock: it is begun
    again, which every kind of request allows.
    """
    served = 0
    while (row := _next(library)) is not None:
        _set(library, row.id, state="running", holder=os.getpid())
        try:
            outcome = attempt(perform, row.kind, row.arguments, _progress_of(library, row.id))
        except Exception as error:
            _set(library, row.id, state="failed", exit_code=1, error=f"{type(error).__name__}: {error}")
            raise
        _set(
            library,
            row.id,
            state="failed" if outcome.error else "done",
            outcome=outcome.result,
            exit_code=outcome.exit_code,
            error=outcome.error,
        )
        served += 1
    return served


def _progress_of(library: Library, number: int) -> Callable[[Json], None]:
    """Write a request's progress, at most a few times a second: each write is an fsync."""
    written = 0.0

    def write(told: Json) -> None:
        nonlocal written
        if time.monotonic() - written >= POLL_SECONDS:
            _set(library, number, progress=told)
            written = time.monotonic()

    return write


def _next(library: Library) -> sa.Row[Any] | None:
    """The oldest request that waits, or that a dead holder left running. Never one of our own."""
    open_ = sa.or_(
        request.c.state == "queued",
        sa.and_(request.c.state == "running", request.c.holder != os.getpid()),
    )
    with library.read() as connection:
        return connection.execute(sa.select(request).where(open_).order_by(request.c.id).limit(1)).first()


def _queue(library: Library, kind: str, arguments: Json) -> int:
    with library.write() as connection:
        old = sa.and_(
            request.c.created_at < time.time() - KEPT_SECONDS, request.c.state.in_(("done", "failed"))
        )
        connection.execute(sa.delete(request).where(old))
        new = sa.insert(request).values(
            kind=kind, arguments=arguments, state="queued", created_at=time.time()
        )
        return int(connection.execute(new.returning(request.c.id)).scalar_one())


def _set(library: Library, number: int, **values: Any) -> None:
    with library.write() as connection:
        connection.execute(sa.update(request).where(request.c.id == number).values(**values))


def _get(library: Library, number: int) -> Json:
    with library.read() as connection:
        row = connection.execute(sa.select(request).where(request.c.id == number)).one()
    return dict(row._mapping)


def _follow(library: Library, number: int, perform: Perform, progress: Callable[[Json], None]) -> Outcome:
    """Wait for the holder, or become it where it is gone."""
    shown = None
    while True:
        row = _get(library, number)
        if row["progress"] is not None and row["progress"] != shown:
            shown = row["progress"]
            progress(shown)
        if row["state"] in ("done", "failed"):
            return Outcome(row["outcome"] or {}, row["exit_code"] or 0, row["error"])
        try:
            with library.lock():
                serve(library, perform)
        except WriterBusy:
            time.sleep(POLL_SECONDS)
