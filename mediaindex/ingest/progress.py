"""Progress of a pass while it runs, and its report at the end."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal


@dataclass(slots=True)
class Report:
    """Counts of one pass; the JSON of `index` is made of them.

    Attributes:
        indexed: contents that became visible. decoded: videos that were decoded in full.
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
    """How far a stage of a pass has come. `total` is None while the scan goes on.

    Attributes:
        media_seconds: length of the videos that this pass has decoded.
        outlook: only after first looks, until the pass has decoded everything.
    """

    stage: Stage
    done: int
    total: int | None
    media_seconds: float = 0.0
    path: Path | None = None
    outlook: Outlook | None = None


@dataclass(frozen=True, slots=True)
class Outlook:
    """The ETA of a large library's first pass, and the disk space that it will need.

    Attributes:
        searchable: share of the videos that a picture search finds already, 0..1.
        ready_at: Unix time at which everything will be decoded; None until 1 % of it is.
        disk_bytes: additional bytes for frames and vectors; None likewise.
        speed: seconds of media decoded a second; None likewise.
    """

    searchable: float
    ready_at: float | None
    disk_bytes: int | None
    speed: float | None = None


def failed_row(path: Path, stage: str, reason: str) -> dict[str, str]:
    """One entry of the report's `failed`."""
    return {"path": str(path), "stage": stage, "reason": reason}
