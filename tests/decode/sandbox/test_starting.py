"""A program that confines itself is started so that no Ctrl-C is lost, and none reaches it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import psutil
import pytest

from mediaindex.decode.sandbox.starting import ended, started
from tests.support.paths import CHECKOUT

SLEEPING = [sys.executable, "-c", "import time; time.sleep(600)"]
PIPES = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}


def interrupted() -> None:
    signal.raise_signal(signal.SIGINT)


AROUND_THE_FORK = f"""
import os, signal, sys
sys.path[:0] = [{str(CHECKOUT)!r}]
from mediaindex.decode.sandbox.starting import started

signal.signal(signal.SIGINT, signal.default_int_handler)
os.register_at_fork(**{{sys.argv[1]: lambda: signal.raise_signal(signal.SIGINT)}})
try:
    started({SLEEPING!r}, lambda: None)
except KeyboardInterrupt:
    print("heard")
else:
    print("lost")
"""


@pytest.mark.parametrize("hook", ["before", "after_in_parent"])
def test_a_ctrl_c_around_the_fork_is_heard_where_libraries_have_hooks(hook: str) -> None:
    """Python swallows what such a hook raises."""
    ran = subprocess.run([sys.executable, "-c", AROUND_THE_FORK, hook], capture_output=True, text=True)
    assert (ran.stdout, ran.returncode) == ("heard\n", 0), ran.stderr


def test_a_ctrl_c_between_fork_and_program_is_no_fault_of_the_start() -> None:
    """Such an exception in the child would be told as `Exception occurred in preexec_fn`."""
    process = started(SLEEPING, interrupted, **PIPES)
    assert process.poll() is None
    ended(process)
    assert process.stdout is not None
    assert process.stdout.closed


@pytest.mark.parametrize(
    ("number", "error"), [(signal.SIGINT, KeyboardInterrupt), (signal.SIGTERM, SystemExit)]
)
def test_what_was_held_is_raised_then_and_the_program_ends(
    number: signal.Signals, error: type[BaseException], monkeypatch: pytest.MonkeyPatch
) -> None:
    begun: list[subprocess.Popen[bytes]] = []
    popen = subprocess.Popen

    def start(*words: object, **options: object) -> subprocess.Popen[bytes]:
        signal.raise_signal(number)
        begun.append(popen(*words, **options))  # type: ignore[call-overload]
        return begun[0]

    def on_term(_number: int, _frame: object) -> None:
        raise SystemExit

    monkeypatch.setattr(subprocess, "Popen", start)
    before = signal.signal(signal.SIGTERM, on_term)
    try:
        with pytest.raises(error):
            started(SLEEPING, lambda: None, **PIPES)
        assert signal.getsignal(signal.SIGTERM) is on_term
    finally:
        signal.signal(signal.SIGTERM, before)
    assert begun[0].returncode == -signal.SIGKILL
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_a_program_that_is_not_there_is_told_and_the_handlers_are_put_back() -> None:
    before = signal.getsignal(signal.SIGTERM)
    with pytest.raises(FileNotFoundError):
        started(["/no/such/program"], lambda: None)
    assert signal.getsignal(signal.SIGTERM) is before
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_what_is_ignored_stays_ignored() -> None:
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        process = started(SLEEPING, interrupted, **PIPES)
        assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN
        process.send_signal(signal.SIGINT)
        with pytest.raises(subprocess.TimeoutExpired):
            process.wait(0.3)
    finally:
        signal.signal(signal.SIGINT, before)
    ended(process)


def test_it_has_a_process_group_of_its_own_in_every_thread(tmp_path: Path) -> None:
    groups: list[int] = []

    def elsewhere() -> None:
        process = started(SLEEPING, lambda: None, **PIPES)
        groups.append(os.getpgid(process.pid))
        assert psutil.Process(process.pid).is_running()
        ended(process)

    thread = threading.Thread(target=elsewhere)
    thread.start()
    thread.join()
    assert groups
    assert groups[0] != os.getpgid(0)
