"""Wait for a state that can be seen. The times are for a machine that is busy with much else."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable

WAIT_SECONDS = 120.0
PAUSE_SECONDS = 0.01
Running = subprocess.Popen[str]


def until(true: Callable[[], object], running: Running | None = None) -> None:
    """Wait for something, as long as the process that is to bring it about runs."""
    end = time.monotonic() + WAIT_SECONDS
    while True:
        ended = running is not None and running.poll() is not None  # before the look: it may be its last deed
        if true():
            return
        assert not ended, running and running.communicate(timeout=WAIT_SECONDS)
        assert time.monotonic() < end, "it never came"
        time.sleep(PAUSE_SECONDS)
