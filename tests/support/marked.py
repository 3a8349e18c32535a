"""Processes that carry the mark of a test run: what a test starts inherits it, with all that this starts.

As a program it waits until the run that started it is over, however that came about, and ends what is left.
"""

from __future__ import annotations

import contextlib
import sys
import time

import psutil

MARK = "STARTED_BY_TEST_RUN"
ROUNDS = 50
KILLED_SECONDS = 5.0
PAUSE_SECONDS = 0.02


def marked(token: str) -> list[psutil.Process]:
    """The running processes with this token in their mark; a run inside a run has the tokens of both."""
    return [process for process in psutil.process_iter() if token in mark_of(process).split()]


def mark_of(process: psutil.Process) -> str:
    """The mark that a process was started with; none where it is gone or somebody else's."""
    with contextlib.suppress(psutil.Error, OSError):
        return process.environ().get(MARK, "")
    return ""


def running(processes: list[psutil.Process], seconds: float) -> list[psutil.Process]:
    """Those that still run after some seconds."""
    end = time.monotonic() + seconds
    while (left := [process for process in processes if is_running(process.pid)]) and time.monotonic() < end:
        time.sleep(PAUSE_SECONDS)
    return left


def is_running(pid: int) -> bool:
    """Whether a process has not ended; one that nobody has waited for yet has."""
    with contextlib.suppress(psutil.NoSuchProcess):
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    return False


def kill(processes: list[psutil.Process]) -> None:
    """Kill processes, stopped ones too, and wait until they have ended."""
    for process in processes:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.kill()
    running(processes, KILLED_SECONDS)


def end_what_is_left(token: str) -> None:
    """Kill until none is left: one that was not yet killed may have started another."""
    for _ in range(ROUNDS):
        if not (left := marked(token)):
            return
        kill(left)


if __name__ == "__main__":
    sys.stdin.read()  # it ends when the run does, which holds the other end and never writes
    end_what_is_left(sys.argv[1])
