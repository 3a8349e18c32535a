"""The suite's own machinery: whatever a test does, its processes end, and so does the run."""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from tests.support.marked import is_running
from tests.support.paths import CHECKOUT
from tests.support.processes import start, stop
from tests.support.waiting import WAIT_SECONDS, until

HEAD = f"""
import os, signal, subprocess, sys
import pytest
from tests.support.marked import is_running
from tests.support.processes import start, stop
PARENT = '''
import subprocess, sys, time
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep({WAIT_SECONDS})"])
print(child.pid, flush=True)
time.sleep({WAIT_SECONDS})
'''

def note(*numbers):
    with open("numbers", "a") as file:
        file.writelines(f"{{number}}\\n" for number in numbers)

def begin(begun_by=start):
    '''A process that has begun another; the numbers of both are noted.'''
    parent = begun_by([sys.executable, "-c", PARENT], stdout=subprocess.PIPE)
    note(parent.pid, int(parent.stdout.readline()))
    return parent
"""

Run = Callable[..., str]


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """Runs tests in a pytest of their own; what it says, once it and all that they noted has ended."""

    def ran(tests: str, *options: str, code: int = 1) -> str:
        (tmp_path / "pytest.ini").write_text("[pytest]\n")
        (tmp_path / "test_inner.py").write_text(HEAD + tests)
        plugins = (
            "-p",
            "tests.support.processes",
            "-p",
            "tests.support.time_limit",
            "-p",
            "no:cacheprovider",
        )
        inner = start(
            [sys.executable, "-m", "pytest", "-v", *plugins, *options, "test_inner.py"],
            cwd=tmp_path,
            env={**os.environ, "PYTHONPATH": str(CHECKOUT)},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        said, _ = inner.communicate()
        assert inner.returncode == code, said
        numbers = (tmp_path / "numbers").read_text().split()
        assert numbers
        until(lambda: not any(is_running(int(number)) for number in numbers))
        return str(said)

    return ran


def test_what_a_test_started_ends_with_it_stopped_or_not(run: Run) -> None:
    said = run("""
@pytest.mark.parametrize("failing", [False, True])
def test_starts(failing):
    begin()
    stop(begin())
    assert not failing

def test_what_was_there_is_gone():
    assert [number for number in open("numbers") if is_running(int(number))] == []
""")
    assert "1 failed, 2 passed" in said
    assert "left running" not in said


def test_a_test_that_hangs_fails_and_the_run_goes_on(run: Run) -> None:
    said = run("""
@pytest.mark.timeout(1)
def test_hangs():
    begin().wait()

def test_next():
    pass
""")
    assert re.search(r"test_hangs FAILED.*test_next PASSED", said, re.DOTALL), said
    assert "Timeout" in said


HANGS_FOR_GOOD = """
@pytest.fixture
def hanging():
    parent = begin()
    stop(parent)
    yield
    parent.wait()

@pytest.mark.timeout(1)
def test_hangs_in_a_fixture_after_it_failed(hanging):
    assert False

def test_next():
    pass
"""


def test_a_run_whose_fixture_hangs_is_ended_with_its_stacks(run: Run) -> None:
    said = run(HANGS_FOR_GOOD)
    assert re.search(r"Timeout \(0:00:02\)!.*test_inner.py.* in hanging", said, re.DOTALL), said
    assert "test_next" not in said


@pytest.mark.slow  # xdist waits ten seconds for the one that is gone
def test_a_worker_whose_fixture_hangs_is_ended_and_another_goes_on(run: Run) -> None:
    said = run(HANGS_FOR_GOOD, "-n", "1")
    assert "crashed while running 'test_inner.py::test_hangs_in_a_fixture_after_it_failed'" in said
    assert "PASSED test_inner.py::test_next" in said


def test_a_killed_run_leaves_nothing(run: Run) -> None:
    run(
        """
def test_killed():
    stop(begin())
    os.kill(os.getpid(), signal.SIGKILL)
""",
        code=-9,
    )


def test_processes_that_were_forgotten_are_named_and_ended(run: Run) -> None:
    said = run("""
from tests.support import processes
processes.GRACE_SECONDS = 0.1

def detached(words, **options):
    return subprocess.Popen(words, start_new_session=True, text=True, **options)

@pytest.fixture(scope="session")
def of_the_session():
    begin(detached).stdout.close()

def test_uses(of_the_session):
    pass

def test_forgets():
    begin(detached).stdout.close()
""")
    assert "2 passed, 1 error" in said
    for name in ("uses", "forgets"):
        assert re.search(rf"left running.*import time.*by test_inner.py::test_{name} ", said, re.DOTALL), said


def test_a_stop_is_seen_when_it_returns() -> None:
    process = start([sys.executable, "-c", "while True: pass"])
    stop(process)
    assert psutil.Process(process.pid).status() == psutil.STATUS_STOPPED


def calls(path: Path, module: str, name: str) -> bool:
    """Whether a file calls `module.name`."""
    text = path.read_text(encoding="utf-8")
    return name in text and any(
        isinstance(node, ast.Call) and ast.unparse(node.func) == f"{module}.{name}"
        for node in ast.walk(ast.parse(text))
    )


def callers(module: str, name: str) -> list[str]:
    """The files of the suite that call `module.name`."""
    files = sorted((CHECKOUT / "tests").rglob("*.py"))
    return [str(path.relative_to(CHECKOUT)) for path in files if calls(path, module, name)]


def test_programs_are_started_in_one_place() -> None:
    """Elsewhere a program is run to its end, or started by `start`."""
    assert callers("subprocess", "Popen") == ["tests/support/processes.py"]


def test_no_test_sleeps() -> None:
    """A test waits for a state by `until`; who sleeps is that, or what is waited for."""
    assert callers("time", "sleep") == [
        "tests/support/held_decoder.py",
        "tests/support/hostile_handler.py",
        "tests/support/marked.py",
        "tests/support/waiting.py",
    ]
