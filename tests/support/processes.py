"""A pytest plugin: the processes of a test end with it, whatever happened, and none outlives the run.

What `start` begins is ended by a fixture of every test, stopped or not, with all that it began. Any other
process must have ended by itself when the tests of its file are over; else it is ended then, and named with
its test in an error. What is left by a worker that is killed is ended by a process that does nothing else.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import psutil
import pytest

from tests.support import marked
from tests.support.marked import MARK, mark_of

GRACE_SECONDS = 30.0

_started: list[subprocess.Popen[str]] = []
_token = secrets.token_hex(8)


def start(words: Sequence[object], **options: Any) -> subprocess.Popen[str]:
    """Start a program in a session of its own, with pipes of text; it is ended when the test is over."""
    process = subprocess.Popen([*map(str, words)], text=True, start_new_session=True, **options)
    _started.append(process)
    return process


def stop(process: subprocess.Popen[str]) -> None:
    """Stop a process where it is; all its threads stand still when this returns."""
    process.send_signal(signal.SIGSTOP)
    _, status = os.waitpid(process.pid, os.WUNTRACED)
    assert os.WIFSTOPPED(status), process.communicate()


@pytest.fixture(scope="session", autouse=True)
def _the_run_leaves_no_process() -> Iterator[None]:
    """Mark what is started from here on; at the end of this worker nothing of it may run."""
    ender = subprocess.Popen(
        [sys.executable, "-P", str(Path(marked.__file__)), _token],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    inherited = os.environ.get(MARK)
    os.environ[MARK] = f"{inherited or ''} {_token}".strip()
    yield
    _end_started()
    try:
        _refuse_left(besides={ender.pid})
    finally:
        if inherited is None:
            del os.environ[MARK]
        else:
            os.environ[MARK] = inherited
        ender.communicate()


@pytest.fixture(scope="module", autouse=True)
def _the_file_leaves_no_process(_the_run_leaves_no_process: None) -> Iterator[None]:
    """Nothing that the tests of a file started may run when the next file begins."""
    before = set(psutil.pids())
    yield
    _refuse_left(besides=before)


@pytest.fixture(autouse=True)
def _what_is_started_ends_with_the_test(_the_file_leaves_no_process: None) -> Iterator[None]:
    yield
    _end_started()


def _end_started() -> None:
    while _started:
        process = _started.pop()
        children = _children(process)
        with contextlib.suppress(ProcessLookupError, PermissionError):  # macOS forbids to kill the dead
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        marked.kill(children)
        for pipe in (process.stdin, process.stdout, process.stderr):
            if pipe is not None:
                with contextlib.suppress(OSError):  # what it did not read before it ended
                    pipe.close()


def _children(process: subprocess.Popen[str]) -> list[psutil.Process]:
    with contextlib.suppress(psutil.NoSuchProcess):
        return psutil.Process(process.pid).children(recursive=True)
    return []


def _refuse_left(besides: set[int]) -> None:
    """Wait for processes that are about to end; kill and name those that are not."""
    if left := marked.running(_ours(besides), GRACE_SECONDS):
        names = [_description(process) for process in left]
        while left:
            marked.kill(left)
            left = _ours(besides)
        pytest.fail(f"left running, and ended now: {'; '.join(names)}", pytrace=False)


def _ours(besides: set[int]) -> list[psutil.Process]:
    """The running processes that this worker, or one of its processes, started."""
    found = []
    for pid in sorted(set(psutil.pids()) - besides - {os.getpid()}):
        with contextlib.suppress(psutil.NoSuchProcess):
            process = psutil.Process(pid)
            if marked.is_running(pid) and (_token in mark_of(process).split() or _began_here(process)):
                found.append(process)
    return found


def _began_here(process: psutil.Process) -> bool:
    """Whether this worker is above a process, which need not have the mark: a fork has none."""
    return os.getpid() in {parent.pid for parent in process.parents()}


def _description(process: psutil.Process) -> str:
    """The number of a process, its command, and the test that started it."""
    with contextlib.suppress(psutil.Error, OSError):
        test = process.environ().get("PYTEST_CURRENT_TEST", "no test")
        return f"{process.pid} {' '.join(process.cmdline())[:300]} ({process.status()}, by {test})"
    return str(process.pid)
