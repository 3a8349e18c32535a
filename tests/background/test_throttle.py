"""Priority is really lowered, for children too; the work waits for a busy machine and on battery."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import psutil
import pytest

from mediaindex.background import throttle
from mediaindex.background.throttle import Throttle, be_polite, load_average, percent_on_battery

CHILD = """
import json, os, psutil, subprocess, sys
from mediaindex.background.throttle import be_polite

os.setpriority(os.PRIO_PROCESS, 0, {start})
words = be_polite({nice})
again = be_polite({nice})
ask = "import os, psutil; print(os.getpriority(os.PRIO_PROCESS, 0), int(psutil.Process().ionice().ioclass))"
grandchild = subprocess.run([sys.executable, "-c", ask], capture_output=True, text=True, check=True)
nice, ioclass = map(int, grandchild.stdout.split())
print(json.dumps([words, again, nice, ioclass, os.sched_getscheduler(0)]))
"""

linux = pytest.mark.skipif(sys.platform != "linux", reason="asks Linux for the priorities")


def polite_child(*, nice: int, start: int = 0) -> tuple[str, str, int, int, int]:
    """(words, words of a second call, nice and I/O class of a grandchild, scheduling policy)."""
    start = max(start, os.getpriority(os.PRIO_PROCESS, 0))
    command = [sys.executable, "-c", CHILD.format(nice=nice, start=start)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    words, again, lowered, ioclass, policy = json.loads(done.stdout)
    return words, again, lowered, ioclass, policy


@linux
def test_the_process_and_its_children_give_way() -> None:
    words, again, nice, ioclass, policy = polite_child(nice=12)
    assert (nice, ioclass, policy) == (12, psutil.IOPRIO_CLASS_IDLE, os.SCHED_BATCH)
    assert words == again == "nice 12, batch scheduling, idle disk priority"


@linux
def test_only_the_last_step_waits_for_an_idle_machine() -> None:
    words, again, nice, _ioclass, policy = polite_child(nice=19)
    assert (nice, policy) == (19, os.SCHED_IDLE)
    assert words == again == "nice 19, idle scheduling, idle disk priority"


@linux
def test_a_lower_priority_stays() -> None:
    words, _again, nice, _ioclass, _policy = polite_child(nice=5, start=15)
    assert nice == 15
    assert words.startswith("nice 15, ")


def test_a_system_that_refuses_everything_is_no_error(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError(1, "refused")

    for name in ("setpriority", "sched_setscheduler"):
        monkeypatch.setattr(os, name, refuse, raising=False)
    monkeypatch.setattr(psutil.Process, "ionice", refuse, raising=False)
    assert be_polite() == "as any other program"


def test_a_system_without_these_classes_gets_what_it_has(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "setpriority", lambda *_: None)
    monkeypatch.delattr(os, "sched_setscheduler", raising=False)
    monkeypatch.delattr(psutil.Process, "ionice", raising=False)
    assert be_polite(19) == "nice 19"


class Machine:
    """A machine whose load, battery and clock a test turns."""

    def __init__(self) -> None:
        self.load = 0.5
        self.percent: float | None = None
        self.now = 100.0
        self.looks = 0

    def restraint(self, max_load: float | None, pause_on_battery: bool) -> Throttle:
        return Throttle(
            max_load, pause_on_battery, load=self._load, battery=lambda: self.percent, clock=lambda: self.now
        )

    def _load(self) -> float:
        self.looks += 1
        return self.load


def test_a_busy_machine_and_a_battery_are_reasons_to_wait() -> None:
    machine = Machine()
    restraint = machine.restraint(4.0, True)
    assert restraint.reason() is None
    machine.load, machine.now = 5.25, 102.0
    assert restraint.reason() == "the machine is busy (load 5.2, bound 4)"
    machine.percent, machine.now = 53.4, 104.0
    assert restraint.reason() == "on battery (53 %)"
    machine.load, machine.percent, machine.now = 4.0, None, 106.0
    assert restraint.reason() is None


def test_nothing_is_a_reason_where_nothing_was_asked_for() -> None:
    machine = Machine()
    machine.load, machine.percent = 99.0, 1.0
    assert machine.restraint(None, False).reason() is None
    assert machine.looks == 0


def test_a_look_serves_for_two_seconds() -> None:
    machine = Machine()
    restraint = machine.restraint(1.0, False)
    for machine.now in (100.0, 100.5, 101.9):
        assert restraint.reason() is None
        machine.load = 9.0
    assert machine.looks == 1
    machine.now = 102.0
    assert restraint.reason() is not None
    assert machine.looks == 2


def test_the_real_machine_is_asked() -> None:
    assert Throttle(1e9, True).reason() is None or percent_on_battery() is not None
    assert load_average() == pytest.approx(os.getloadavg()[0], abs=2.0)
    assert Throttle(-1.0, False).reason() is not None


def test_a_machine_that_counts_no_load_is_never_busy(monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown() -> tuple[float, float, float]:
        raise OSError("load average was unobtainable")

    monkeypatch.setattr(os, "getloadavg", unknown)
    assert load_average() == 0.0


@pytest.mark.parametrize(
    ("plugged", "expected"),
    [(False, 41.0), (True, None), (None, None)],
    ids=["on battery", "on mains", "unknown"],
)
def test_only_a_battery_in_use_counts(
    plugged: bool | None, expected: float | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Battery:
        percent = 41
        power_plugged = plugged

    monkeypatch.setattr(psutil, "sensors_battery", Battery, raising=False)
    assert throttle.percent_on_battery() == expected


def test_a_battery_that_cannot_be_read_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken() -> None:
        raise FileNotFoundError("/sys/class/power_supply/BAT0/energy_now")

    monkeypatch.setattr(psutil, "sensors_battery", broken, raising=False)
    assert throttle.percent_on_battery() is None
    monkeypatch.delattr(psutil, "sensors_battery")
    assert throttle.percent_on_battery() is None
