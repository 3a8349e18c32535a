"""What one pass over a library tells: its progress while it runs, its report at the end."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal


@dataclass(slots=True)
class Report:
    """What one pass did; the JSON of `index` is made of it.

    Attributes:
        indexed: contents that became visible. decoded: videos of which a frame was decoded.
        broke: whether something failed in this run (a file known to be dead does not count).
    """

    videos: int = 0
    indexed: int = 0
    unchanged: int = 0
    moved: int = 0
    copies: int = 0
    offline: int = 0
    skipped: list[dict[str, str]] = field(default_factory=list)
    failed: list[dict[str, str]] = field(default_factory=list)
    frames: int = 0
    segments: int = 0
    decoded: int = 0
    media_seconds: float = 0.0
    elapsed_seconds: float = 0.0
    broke: bool = False


Stage = Literal["scanning", "reading headers", "first looks", "indexing", "embedding", "confirming"]


@dataclass(frozen=True, slots=True)
class Progress:
    """Where a pass stands. `total` is None while the scan goes on.

    Attributes:
        media_seconds: of what was decoded in this pass.
        outlook: told while a library becomes complete for the first time.
    """

    stage: Stage
    done: int
    total: int | None
    media_seconds: float = 0.0
    path: Path | None = None
    outlook: Outlook | None = None


@dataclass(frozen=True, slots=True)
class Outlook:
    """What a large library's first hours hold.

    Attributes:
        searchable: share of the videos that a picture search finds already, 0..1.
        ready_at: Unix time at which all will be decoded; None while there is nothing to judge by.
        disk_bytes: that the library will need more for its frames and vectors; None likewise.
    """

    searchable: float
    ready_at: float | None
    disk_bytes: int | None


def failed_row(path: Path, stage: str, reason: str) -> dict[str, str]:
    """One entry of the report's `failed`."""
    return {"path": str(path), "stage": stage, "reason": reason}
