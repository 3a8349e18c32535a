"""What lies beside clips: where each of them was cut from, and why."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mediaindex.export.clips.widening import Widening
from mediaindex.export.cuts.cut import Cut
from mediaindex.export.playlists.rows import row_of

SCHEMA = 1


@dataclass(frozen=True, slots=True)
class Clip:
    """A clip that was made.

    Attributes:
        widening: of a copy.
        sheet: its contact sheet, where one was asked for.
    """

    path: Path
    cut: Cut
    copied: bool
    widening: Widening | None = None
    sheet: Path | None = None


def manifest(clips: Sequence[Clip]) -> bytes:
    """The manifest of clips; files are named relative to it."""
    values = {"schema": SCHEMA, "clips": [_described(clip) for clip in clips]}
    return json.dumps(values, indent=2, ensure_ascii=True).encode() + b"\n"


def _described(clip: Clip) -> dict[str, Any]:
    row = row_of(clip.cut)
    widening = clip.widening
    return {
        "file": clip.path.name,
        "source": row.pop("path"),
        **row,
        "query": clip.cut.query,
        "copied": clip.copied,
        "widened_before_seconds": None if widening is None else float(widening.before),
        "widened_behind_seconds": None if widening is None else float(widening.behind),
        "contact_sheet": None if clip.sheet is None else clip.sheet.name,
    }
