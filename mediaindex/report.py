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


@dataclass(frozen=True, slots=True)
class Progress:
    """Where a pass stands. `total` is None while the scan goes on.

    Attributes:
        media_seconds: of what was decoded in this pass.
    """

    stage: Literal["scanning", "indexing", "embedding", "confirming"]
    done: int
    total: int | None
    media_seconds: float = 0.0
    path: Path | None = None


def failed_row(path: Path, stage: str, reason: str) -> dict[str, str]:
    """One entry of the report's `failed`."""
    return {"path": str(path), "stage": stage, "reason": reason}
