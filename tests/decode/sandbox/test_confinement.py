"""Each step that the child takes, taken alone."""

from __future__ import annotations

import resource
import subprocess
import sys

import pytest

from mediaindex.decode.sandbox import confinement
from tests.support.paths import CHECKOUT

LINUX = pytest.mark.skipif(sys.platform != "linux", reason="Linux only")


def run(code: str) -> subprocess.CompletedProcess[str]:
    path = f"import os, sys; sys.path.insert(0, {str(CHECKOUT)!r})"
    lines = f"{path}\nfrom mediaindex.decode.sandbox import confinement\n{code}"
    return subprocess.run([sys.executable, "-c", lines], capture_output=True, text=True, check=False)


def test_a_process_whose_parent_is_gone_ends_at_once() -> None:
    assert (
        run("confinement.die_with_parent(1 if os.getppid() != 1 else 2)").returncode == confinement.ORPHANED
    )


def test_a_process_with_its_parent_lives_on() -> None:
    assert run("confinement.die_with_parent(os.getppid()); print('alive')").stdout == "alive\n"


@LINUX
def test_a_network_that_was_left_reaches_nothing() -> None:
    code = """
if not confinement.leave_network():
    print("refused"); raise SystemExit
import socket
try:
    socket.create_connection(("192.0.2.1", 9), timeout=1)
except OSError as error:
    print(error.strerror)
"""
    assert run(code).stdout.strip() in ("refused", "Network is unreachable")


def test_limits_are_lowered_never_raised(monkeypatch: pytest.MonkeyPatch) -> None:
    taken: dict[int, tuple[int, int]] = {}
    monkeypatch.setattr(resource, "setrlimit", lambda which, values: taken.update({which: values}))
    monkeypatch.setattr(resource, "getrlimit", lambda which: (1, 16))
    confinement.limit_resources(memory_mib=64)
    assert taken[resource.RLIMIT_FSIZE] == (0, 0)
    assert taken[resource.RLIMIT_CORE] == (0, 0)
    assert taken[resource.RLIMIT_NOFILE] == (16, 16)


@LINUX
def test_memory_is_counted_from_what_is_mapped(monkeypatch: pytest.MonkeyPatch) -> None:
    taken: dict[int, tuple[int, int]] = {}
    monkeypatch.setattr(resource, "setrlimit", lambda which, values: taken.update({which: values}))
    confinement.limit_resources(memory_mib=64)
    assert taken[resource.RLIMIT_AS][0] > 64 << 20


@LINUX
def test_a_thread_takes_no_address_space_of_its_own() -> None:
    code = """
import threading
confinement.allocate_from_one_arena()
before = confinement._mapped_bytes()
thread = threading.Thread(target=lambda: [bytes(4000) for _ in range(1000)])
thread.start()
thread.join()
print((confinement._mapped_bytes() - before) >> 20 < 40)
"""
    assert run(code).stdout == "True\n"


def test_the_cpu_budget_counts_from_now_and_can_be_lifted() -> None:
    code = """
import resource
before = resource.getrlimit(resource.RLIMIT_CPU)
confinement.renew_cpu_budget(30)
soft, hard = resource.getrlimit(resource.RLIMIT_CPU)
assert 30 <= soft <= 40 and hard == before[1]
confinement.lift_cpu_budget()
print(resource.getrlimit(resource.RLIMIT_CPU) == (hard, hard))
"""
    assert run(code).stdout == "True\n"
