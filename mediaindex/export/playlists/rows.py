"""A cut as one row: the columns that the CSV and the JSON list share."""

from __future__ import annotations

from typing import Any

from mediaindex.export.cuts.cut import Cut
from mediaindex.safe_text import printable

COLUMNS = (
    *("path", "start_seconds", "end_seconds", "in_frame", "out_frame", "rate"),
    *("timecode_in", "timecode_out", "label", "note", "score"),
)
FORMULAS = ("=", "+", "-", "@")
"""What a spreadsheet takes for the beginning of a formula."""


def row_of(cut: Cut) -> dict[str, Any]:
    """The values of `COLUMNS`: frames are counted from 0, and the out frame is the first one behind."""
    return {
        "path": cut.source.target,
        "start_seconds": float(cut.start_seconds),
        "end_seconds": float(cut.end_seconds),
        "in_frame": cut.first,
        "out_frame": cut.behind,
        "rate": str(cut.source.rate),
        "timecode_in": cut.timecode_in,
        "timecode_out": cut.timecode_out,
        "label": cut.label,
        "note": cut.note,
        "score": cut.score,
    }


def cell(text: str) -> str:
    """Text for a cell: on one line, and no formula for any spreadsheet."""
    shown = printable(text)
    return f"'{shown}" if shown.lstrip().startswith(FORMULAS) else shown
