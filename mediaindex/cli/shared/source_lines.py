"""Sources as `sources` and `status` print them for a person."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mediaindex.assembly.paths import absence

if TYPE_CHECKING:
    import sqlalchemy as sa


def source_lines(connection: sa.Connection, rows: Sequence[Mapping[str, Any]]) -> list[str]:
    """The rows of `source_rows` for a person."""
    return [
        source_line(row, None if row["online"] else absence(connection, Path(str(row["path"]))))
        for row in rows
    ]


def source_line(row: Mapping[str, Any], absence: str | None = None) -> str:
    """One row for a person.

    Args:
        absence: why its folder cannot be found, None where it can.
    """
    notes = [f"{row['files']} files"]
    if row["missing"]:
        notes.append(f"{row['missing']} missing")
    if absence is not None:
        notes.append(absence)
    if row["polled"] is not None:
        notes.append(f"polled: {row['polled']}")
    if row["thumbnails"] == "none":
        notes.append("no thumbnails")
    if row["held_since"] is not None:
        remedy = f"until they are back, or 'mediaindex sources confirm {row['path']}'"
        notes.append(f"so many at once that nothing is forgotten {remedy}")
    return f"{row['path']}: {', '.join(notes)}"
