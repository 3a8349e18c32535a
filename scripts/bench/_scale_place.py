"""Where the parts of a made-up library lie, and what a process that works on it costs.

This loads nothing large: the peak memory of a process counts from that of the one that started it.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

LIBRARY, VIDEOS, COMPLETE = "library", "videos", "complete"
FOLDER = "folder {:02}"
ONE_THREAD = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "MEDIAINDEX_THREADS": "1"}
KIB, MB = 1024, 1e6


@dataclass(frozen=True, slots=True)
class Cost:
    """What something took.

    Attributes:
        cpu_ms: of the process, and of those that it started. peak_mb: of its memory, 0 where not measured.
    """

    cpu_ms: float
    wall_ms: float
    peak_mb: float = 0.0


def folder_in_the_middle(place: Path) -> Path:
    """A folder with 1 % of the videos of a library, or one video."""
    folders = sorted((place / VIDEOS).glob(FOLDER.format(0)[:-2] + "*"))
    return folders[len(folders) // 2]


def run(command: Sequence[str]) -> tuple[Cost, str]:
    """Run a command with one thread to its end; what it cost and wrote.

    Raises:
        SystemExit: it failed.
    """
    # As an installed program has it: modules are compiled once.
    environment = {name: text for name, text in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    began = time.perf_counter()
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, text=True, env=environment | ONE_THREAD
    ) as process:
        assert process.stdout is not None
        written = process.stdout.read()
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    wall_ms = 1000 * (time.perf_counter() - began)
    if process.returncode:
        raise SystemExit(f"{' '.join(command)} ended with {process.returncode}: {written}")
    return Cost(1000 * (used.ru_utime + used.ru_stime), wall_ms, peak_mb(used.ru_maxrss)), written


def peak_mb(maxrss: int) -> float:
    """`ru_maxrss`, which macOS gives in bytes and Linux in KiB, in MB."""
    return maxrss * (1 if sys.platform == "darwin" else KIB) / MB


def script(name: str, *arguments: object) -> list[str]:
    """A script beside this one as a command."""
    return [sys.executable, str(Path(__file__).with_name(name)), *map(str, arguments)]
