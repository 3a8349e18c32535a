"""About how long a folder of videos plays, and what indexing it will take, told from a few of them."""

from __future__ import annotations

import logging
import os
from collections.abc import Sequence
from pathlib import Path

from mediaindex.decode.worker import new_worker
from mediaindex.errors import MediaIndexError
from mediaindex.media import MediaInfo
from mediaindex_tui.messages import Estimated, WantEstimate

logger = logging.getLogger(__name__)

FRAMES_AN_HOUR = 1200
"""As `mediaindex.embed.cost` counts them; that module would load torch."""
CPU_SECONDS_A_FRAME = 0.072
CPU_SECONDS_A_FIRST_LOOK = 0.25
DISK_BYTES_A_FRAME = 25_000
"""Of the 104 clips with the encoder in the box: docs/benchmarks/ingest.md has the time of a frame."""


def estimate(want: WantEstimate) -> Estimated:
    """What the sample says of the whole; nothing is known where none of it can be read."""
    played = _played(want.sample)
    read = sum(size for size, _ in played)
    seconds = sum(length for _, length in played) * want.size / read if read else 0.0
    frames, cores = seconds / 3600.0 * FRAMES_AN_HOUR, os.cpu_count() or 1
    return Estimated(
        videos=want.videos,
        size=want.size,
        media_seconds=seconds,
        disk_bytes=frames * DISK_BYTES_A_FRAME,
        first_seconds=want.videos * CPU_SECONDS_A_FIRST_LOOK / cores,
        whole_seconds=frames * CPU_SECONDS_A_FRAME / cores,
    )


def _played(sample: Sequence[bytes]) -> list[tuple[int, float]]:
    """Bytes and seconds of the files of which both are known, read in the bounded child."""
    found = []
    with new_worker() as worker:
        for path in map(Path, map(os.fsdecode, sample)):
            try:
                info = worker.probe(path)
                size = path.stat().st_size
            except (MediaIndexError, OSError) as error:
                logger.info("left out of the estimate: %s", error)
                continue
            if isinstance(info, MediaInfo) and info.duration_seconds:
                found.append((size, info.duration_seconds))
    return found
