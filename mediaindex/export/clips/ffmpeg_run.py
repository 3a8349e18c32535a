"""One run of ffmpeg: what it prints, how far it is, and why it failed."""

from __future__ import annotations

import os
import re
import resource
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from mediaindex.decode.sandbox.confinement import die_with_parent, leave_network
from mediaindex.decode.sandbox.starting import ended, started
from mediaindex.errors import MediaIndexError, NoSpace

ADDRESS_SPACE = 16 << 30
"""Bytes: an encoder of large pictures takes some gigabytes, a file that is made to take more is stopped."""
KEPT_LINES = 20
_PROGRESS = re.compile(r"(\w+)=\s*(.*)")
_PROGRESS_KEYS = frozenset(
    (
        *("frame", "fps", "bitrate", "total_size", "out_time_us", "out_time_ms", "out_time"),
        *("dup_frames", "drop_frames", "speed", "progress"),
    )
)


@dataclass(frozen=True, slots=True)
class Run:
    """What a run gave.

    Attributes:
        printed: on stdout. frames: of pictures that were written.
    """

    printed: str
    frames: int


def run(command: Sequence[str], what: str, *, frame: Callable[[int], None] = lambda _count: None) -> Run:
    """Run ffmpeg to its end; it is stopped if this block is left before.

    Args:
        what: is being made, for an error.
        frame: is told how many frames are written, now and then.

    Raises:
        NoSpace: the disk is full. MediaIndexError: it failed; its last line is shown.
    """
    process = _started(command)
    try:
        return _followed(process, what, frame)
    finally:
        ended(process)


def _started(command: Sequence[str]) -> subprocess.Popen[str]:
    parent = os.getpid()
    return started(
        command,
        lambda: _confine(parent),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE if "pipe:1" in command else subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        errors="backslashreplace",
    )


def _followed(process: subprocess.Popen[str], what: str, frame: Callable[[int], None]) -> Run:
    assert process.stderr is not None
    frames = 0
    said: list[str] = []
    printed = ""
    if process.stdout is not None:
        printed, narration = process.communicate()
        lines = narration.splitlines()
    else:
        lines = process.stderr  # type: ignore[assignment]
    for line in lines:
        found = _PROGRESS.match(line)
        if found is None or not (found[1] in _PROGRESS_KEYS or found[1].startswith("stream_")):
            said = [*said, line.strip()][-KEPT_LINES:] if line.strip() else said
        elif found[1] == "frame" and found[2].strip().isdigit():
            frames = int(found[2])
            frame(frames)
    process.wait()
    # FFmpeg 5 says so of the end of a file, and returns 0 all the same.
    if any("No space left on device" in line for line in said):
        raise NoSpace(f"{what} cannot be written: the disk is full; nothing of it was kept")
    if process.returncode == 0:
        return Run(printed, frames)
    last = said[-1] if said else f"it ended with {process.returncode} and said nothing"
    raise MediaIndexError(f"{what}: ffmpeg failed: {last}")


def _confine(parent: int) -> None:
    """In the child, before ffmpeg starts: it ends with this process, and has no network and no core dump."""
    die_with_parent(parent)
    leave_network()
    limits = {resource.RLIMIT_CORE: 0}
    if sys.platform == "linux":  # elsewhere it is refused
        limits[resource.RLIMIT_AS] = ADDRESS_SPACE
    for limit, value in limits.items():
        _, hard = resource.getrlimit(limit)
        lowered = value if hard == resource.RLIM_INFINITY else min(value, hard)
        resource.setrlimit(limit, (lowered, hard))
