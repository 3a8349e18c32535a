"""What a piece of work asks for: the folders that it lists, the statements that it runs."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterator, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy import event

Statement = tuple[str, Any]
"""SQL with its values, as the driver gets them."""

_recordings: list[list[str]] = []


def _note(name: str, arguments: tuple[Any, ...]) -> None:
    if _recordings and name in ("os.listdir", "os.scandir") and not isinstance(arguments[0], int | None):
        for recording in _recordings:
            recording.append(os.fsdecode(arguments[0]))


sys.addaudithook(_note)  # of this process, for ever; it does nothing while nobody records


@contextlib.contextmanager
def listed_folders() -> Iterator[list[str]]:
    """The folders that this process lists inside the block, by whatever function."""
    recording: list[str] = []
    _recordings.append(recording)
    try:
        yield recording
    finally:
        _recordings.remove(recording)


@contextlib.contextmanager
def statements(engine: sa.Engine) -> Iterator[list[Statement]]:
    """The statements that an engine runs inside the block."""
    run: list[Statement] = []

    def note(_connection: object, _cursor: object, text: str, values: Any, *_others: object) -> None:
        run.append((text, values))

    event.listen(engine, "before_cursor_execute", note)
    try:
        yield run
    finally:
        event.remove(engine, "before_cursor_execute", note)


def scanned(engine: sa.Engine, run: Sequence[Statement]) -> set[str]:
    """The tables that any of these statements reads from end to end.

    Not those of which it reads a range of an index, or an index that holds a few rows of a rare kind.
    """
    found: set[str] = set()
    with engine.connect() as connection:
        rare = "SELECT name FROM sqlite_master WHERE type = 'index' AND sql LIKE '% WHERE %'"
        partial = set(connection.exec_driver_sql(rare).scalars())
        for text, values in run:
            if text.lstrip().upper().startswith(("SELECT", "UPDATE", "DELETE")):
                plan = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {text}", values)
                steps = [row.detail.split() for row in plan if row.detail.startswith("SCAN ")]
                found |= {words[1] for words in steps if words[-1] not in partial}
    return found
