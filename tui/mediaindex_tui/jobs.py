"""Work that goes on without the interface: a `mediaindex` in a process group of its own."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import IO

from mediaindex.errors import DONE
from mediaindex.safe_text import printable

LAST_BYTES = 1 << 14

COMMANDS = "mediaindex.cli"

Ended = Callable[[str | None], None]


def has_command(name: str) -> bool:
    """Whether this installation has a command."""
    return find_spec(f"{COMMANDS}.{name}") is not None


def start_watching(folder: Path, library: Path, ended: Ended) -> int:
    """Index a folder and follow it from now on; the process that does so.

    Args:
        ended: is told on a thread that the process has ended, and why where it failed: by its last line.

    Raises:
        OSError: it cannot be started.
    """
    said = tempfile.TemporaryFile()  # noqa: SIM115 (the thread closes it); a pipe would break when this ends
    try:
        process = subprocess.Popen(
            [sys.executable, "-m", "mediaindex", "watch", os.fspath(folder), "--library", os.fspath(library)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=said,
            start_new_session=True,
        )
    except OSError:
        said.close()
        raise
    threading.Thread(target=_follow, args=(process, said, ended), name="watch", daemon=True).start()
    return process.pid


def _follow(process: subprocess.Popen[bytes], said: IO[bytes], ended: Ended) -> None:
    """Wait for the end of a process, and tell it."""
    code = process.wait()
    with said:
        said.seek(max(0, said.seek(0, os.SEEK_END) - LAST_BYTES))
        lines = said.read().decode("utf-8", "replace").split("\n")
    reason = next((line for line in reversed(lines) if line.strip()), f"code {code}")
    ended(None if code == DONE else printable(reason))
