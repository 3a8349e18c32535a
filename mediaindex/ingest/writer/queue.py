"""The request queue: how a process asks the holder of the writer lock for work.

The holder may run for months, and no user waits for it to end. A request becomes a row; the holder
carries it out between two batches, and the asking process follows its progress there. Where the holder
has died, the asking process takes the lock and does the work itself, older requests first.
"""

from __future__ import annotations

import contextlib
import logging
import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import sqlalchemy as sa

from mediaindex.errors import MediaIndexError, NoSpace, UsageError, WriterBusy
from mediaindex.ingest.writer.requests import Json, Outcome, Perform, Request, arguments_of, request_of
from mediaindex.store.catalog.schema import request as request_table
from mediaindex.store.library import Library

logger = logging.getLogger(__name__)

POLL_SECONDS = 0.2
KEPT_SECONDS = 24 * 3600.0
FULL_BYTES = 1 << 16
FULL_SECONDS = 20.0
"""An asker waits so long for a holder that has less room than this, and shows no progress."""

State = Literal["queued", "running", "done", "failed"]


@dataclass(frozen=True, slots=True)
class Told:
    """How far a request is.

    Attributes:
        progress: the newest step, None before the first.
        outcome: None until it is done or has failed.
    """

    state: State
    progress: Json | None = None
    outcome: Outcome | None = None


def carry_out(
    library: Library,
    request: Request,
    *,
    perform: Perform,
    progress: Callable[[Json], None],
    wait: bool = True,
) -> Outcome:
    """Carry out a request: here if the lock is free, else through the process that holds it.

    Args:
        wait: False queues nothing.

    Raises:
        WriterBusy: another process writes and `wait` is False.
    """
    with contextlib.ExitStack() as stack:
        try:
            stack.enter_context(library.lock())
        except WriterBusy:
            if not wait:
                raise
        else:
            serve(library, perform)
            outcome = attempt(perform, request, progress)
            serve(library, perform)
            return outcome
    number = submit(library, request)
    try:
        return _follow(library, number, perform, progress)
    except KeyboardInterrupt:
        raise KeyboardInterrupt(
            "stopped waiting; the process that writes goes on with this request"
        ) from None


def attempt(perform: Perform, request: Request, progress: Callable[[Json], None]) -> Outcome:
    """Carry out one request; an error that the user can mend becomes its outcome."""
    try:
        return perform(request, progress)
    except MediaIndexError as error:
        return Outcome({}, error.exit_code, str(error))


def waiting(library: Library) -> bool:
    """Whether `serve` would find a request; cheap enough to ask between two batches."""
    return _next(library) is not None


def serve(library: Library, perform: Perform) -> int:
    """Carry out every queued request, and those of a holder that died; only the lock's holder may.

    There is one lock, so a running request that this process does not carry out belongs to a holder that
    died: it is begun again, which every kind of request allows. Its process id would prove nothing: in a
    container every holder may have the same.
    """
    served = 0
    while (row := _next(library)) is not None:
        library.requests.add(row.id)
        try:
            _serve_row(library, row, perform)
        finally:
            library.requests.discard(row.id)
        served += 1
    return served


def _serve_row(library: Library, row: sa.Row[Any], perform: Perform) -> None:
    _set(library, row.id, state="running")
    try:
        outcome = _attempt_row(perform, row, _progress_of(library, row.id))
    except Exception as error:
        # A fault of ours costs this request alone: the holder may have days of work before it.
        logger.exception("request %d (%s)", row.id, row.kind)
        outcome = Outcome({}, 1, f"{type(error).__name__}: {error}")
    _set(
        library,
        row.id,
        state="failed" if outcome.error else "done",
        outcome=outcome.result,
        exit_code=outcome.exit_code,
        error=outcome.error,
    )


def _attempt_row(perform: Perform, row: sa.Row[Any], progress: Callable[[Json], None]) -> Outcome:
    try:
        request = request_of(row.kind, row.arguments)
    except UsageError as error:
        return Outcome({}, error.exit_code, str(error))
    return attempt(perform, request, progress)


def _progress_of(library: Library, number: int) -> Callable[[Json], None]:
    """Write a request's progress, at most a few times a second: each write is an fsync."""
    written = 0.0

    def write(progress: Json) -> None:
        nonlocal written
        if time.monotonic() - written >= POLL_SECONDS:
            with contextlib.suppress(NoSpace, WriterBusy):  # the work is not given up for this
                _set(library, number, progress=progress)
            written = time.monotonic()

    return write


def _next(library: Library) -> sa.Row[Any] | None:
    """The oldest request that waits, or that a dead holder left running. Never one of our own."""
    open_ = sa.and_(
        request_table.c.state.in_(("queued", "running")), request_table.c.id.not_in(library.requests)
    )
    with library.read() as connection:
        return connection.execute(
            sa.select(request_table).where(open_).order_by(request_table.c.id).limit(1)
        ).first()


def submit(library: Library, request: Request) -> int:
    """Leave a request to the holder of the lock, and do not wait; its number, for `told`.

    Where nobody holds the lock it waits for the next who does.
    """
    with library.write() as connection:
        old = sa.and_(
            request_table.c.created_at < time.time() - KEPT_SECONDS,
            request_table.c.state.in_(("done", "failed")),
        )
        connection.execute(sa.delete(request_table).where(old))
        new = sa.insert(request_table).values(
            kind=request.kind, arguments=arguments_of(request), state="queued", created_at=time.time()
        )
        return int(connection.execute(new.returning(request_table.c.id)).scalar_one())


def _set(library: Library, number: int, **values: Any) -> None:
    with library.write() as connection:
        connection.execute(sa.update(request_table).where(request_table.c.id == number).values(**values))


def told(library: Library, number: int) -> Told:
    """How far a request is now.

    Raises:
        LookupError: there is none of this number; what has ended is kept for a day.
    """
    with library.read() as connection:
        row = connection.execute(sa.select(request_table).where(request_table.c.id == number)).one_or_none()
    if row is None:
        raise LookupError(f"there is no request {number}")
    has_ended = row.state in ("done", "failed")
    outcome = Outcome(row.outcome or {}, row.exit_code or 0, row.error) if has_ended else None
    return Told(row.state, row.progress, outcome)


def _follow(library: Library, number: int, perform: Perform, progress: Callable[[Json], None]) -> Outcome:
    """Wait for the holder, or become it where it is gone.

    Raises:
        NoSpace: the disk is full for so long that the holder cannot even note that it begins, or ends.
    """
    shown, seen, changed_at = None, None, time.monotonic()
    while True:
        now = told(library, number)
        if now != seen or shutil.disk_usage(library.root).free > FULL_BYTES:
            seen, changed_at = now, time.monotonic()
        elif time.monotonic() - changed_at > FULL_SECONDS:
            raise NoSpace(f"{library.root} is full, so that nothing is carried out; free space on this disk")
        if now.progress is not None and now.progress != shown:
            shown = now.progress
            progress(shown)
        if now.outcome is not None:
            return now.outcome
        try:
            with library.lock():
                serve(library, perform)
        except WriterBusy:
            time.sleep(POLL_SECONDS)
