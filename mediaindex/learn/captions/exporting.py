"""Captions of a library → a table that `importing` reads back without a loss.

The columns are path, start_seconds, end_seconds, caption and language, as CSV or JSON Lines. What waits for
its video is written too, with the times that it has.
"""

from __future__ import annotations

import csv
import json
import os
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, TextIO

import sqlalchemy as sa

from mediaindex.errors import NoSpace, UsageError
from mediaindex.store.notes import captions, waiting
from mediaindex.store.notes.captions import Said

COLUMNS: tuple[str, ...] = ("path", "start_seconds", "end_seconds", "caption", "language")


def export_captions(connection: sa.Connection, out: Path, within: Sequence[Path] = ()) -> int:
    """Write the captions to a new file; how many there are.

    Args:
        out: ends with .csv or .jsonl. within: as `captions.every` has it.

    Raises:
        UsageError: the file is there already, or its name ends otherwise. NoSpace: it cannot be written.
    """
    write = {".csv": _write_csv, ".jsonl": _write_json_lines}.get(out.suffix.lower())
    if write is None:
        raise UsageError(f"{out}: captions are written as .csv or .jsonl; let the name end so")
    if os.path.lexists(out):
        raise UsageError(f"{out} is there already; name another file, or remove it")
    rows = list(_rows(connection, within))
    temporary = out.with_name(f".{out.name}.{os.getpid()}.partial")
    try:
        # A path may hold bytes that are not UTF-8; they are written as they are.
        with temporary.open("x", encoding="utf-8", errors="surrogateescape", newline="") as file:
            write(file, rows)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(out)
    except OSError as error:
        raise NoSpace(f"{out} cannot be written: {error.strerror or error}") from error
    finally:
        temporary.unlink(missing_ok=True)
    return len(rows)


def _rows(connection: sa.Connection, within: Sequence[Path]) -> Iterator[dict[str, Any]]:
    for one in captions.every(connection, within):
        said = Said(one.start_seconds, one.end_seconds, one.text, one.language)
        yield _row(one.path, said)
    for late in waiting.every(connection, within):
        yield _row(late.path, late.said)


def _row(path: Path, said: Said) -> dict[str, Any]:
    values = (str(path), said.start_seconds, said.end_seconds, said.text, said.language)
    return dict(zip(COLUMNS, values, strict=True))


def _write_csv(file: TextIO, rows: Iterable[dict[str, Any]]) -> None:
    writer = csv.DictWriter(file, COLUMNS, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)


def _write_json_lines(file: TextIO, rows: Iterable[dict[str, Any]]) -> None:
    file.writelines(json.dumps(row) + "\n" for row in rows)
