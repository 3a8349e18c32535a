"""Wait for what a process does, as long as it runs."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable

WAIT_SECONDS = 60
Running = subprocess.Popen[str]


def until(true: Callable[[], object], running: Running) -> None:
    """Wait for something that a process does."""
    end = time.monotonic() + WAIT_SECONDS
    while not true():
        assert running.poll() is None, running.communicate()
        assert time.monotonic() < end
        time.sleep(0.005)
