"""Giving way: other programs' CPU and disk come first, and a busy machine or a battery pauses the work.

What a process gives up here its children inherit, so that decoding gives way as well. On Linux each
thread has a priority of its own: give way before the first thread is started.
"""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Callable

NICE = 10
ONLY_WHEN_IDLE = 19
LOOKED_SECONDS = 2.0


def be_polite(nice: int = NICE) -> str:
    """Lower this process's claim on CPU and disk; what was lowered, in words. Never fails.

    A priority that is lower already stays. Only at nice 19 is the CPU taken when nobody else wants
    it: a writer that starves within a transaction would keep other processes' requests waiting.
    """
    words = []
    with contextlib.suppress(OSError):
        lowest = max(nice, os.getpriority(os.PRIO_PROCESS, 0))
        os.setpriority(os.PRIO_PROCESS, 0, lowest)
        words.append(f"nice {lowest}")
    if (scheduling := _schedule_as_background(nice)) is not None:
        words.append(scheduling)
    if _read_disks_last():
        words.append("idle disk priority")
    return ", ".join(words) or "as any other program"


class Throttle:
    """Says when the work should wait.

    Args:
        max_load: load average of the last minute above which it waits; the work's own load counts,
            as for `make -l`, so the bound holds for the machine. None for no bound.
        pause_on_battery: wait while the machine runs on its battery.
        load: the load average now.
        battery: percent left while on battery, None on mains or without a battery.
        clock: seconds that never go back.
    """

    def __init__(
        self,
        max_load: float | None,
        pause_on_battery: bool,
        *,
        load: Callable[[], float] | None = None,
        battery: Callable[[], float | None] | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.max_load = max_load
        self.pause_on_battery = pause_on_battery
        self._load = load or load_average
        self._battery = battery or percent_on_battery
        self._clock = clock
        self._reason: str | None = None
        self._looked: float | None = None

    def reason(self) -> str | None:
        """Why to wait now, for a person, or None; looked up every two seconds at the most."""
        now = self._clock()
        if self._looked is None or now - self._looked >= LOOKED_SECONDS:
            self._looked, self._reason = now, self._look()
        return self._reason

    def _look(self) -> str | None:
        if self.pause_on_battery and (percent := self._battery()) is not None:
            return f"on battery ({percent:.0f} %)"
        if self.max_load is not None and (load := self._load()) > self.max_load:
            return f"the machine is busy (load {load:.1f}, bound {self.max_load:g})"
        return None


def load_average() -> float:
    """Processes that ran or wanted to, on the average of the last minute; 0 where nobody counts them."""
    try:
        return os.getloadavg()[0]
    except OSError:
        return 0.0


def percent_on_battery() -> float | None:
    """Percent left while the machine runs on its battery; None on mains and where no battery is known."""
    import psutil

    # The states are read from files that vanish and hold whatever a driver writes: no answer is no battery.
    try:
        battery = psutil.sensors_battery() if hasattr(psutil, "sensors_battery") else None
    except (OSError, ValueError, RuntimeError, psutil.Error):
        return None
    return float(battery.percent) if battery is not None and battery.power_plugged is False else None


def _schedule_as_background(nice: int) -> str | None:
    """Tell the kernel that this is no interactive work: it wakes later, and keeps the CPU longer."""
    if not hasattr(os, "sched_setscheduler"):
        return None
    policy, words = (
        (os.SCHED_IDLE, "idle scheduling") if nice >= ONLY_WHEN_IDLE else (os.SCHED_BATCH, "batch scheduling")
    )
    with contextlib.suppress(OSError):
        if os.sched_getscheduler(0) != os.SCHED_IDLE:
            os.sched_setscheduler(0, policy, os.sched_param(0))
            return words
        return "idle scheduling"
    return None


def _read_disks_last() -> bool:
    """Ask for the disk only when no other program does."""
    import psutil

    process = psutil.Process()
    if not hasattr(process, "ionice"):
        return False
    with contextlib.suppress(OSError, ValueError, psutil.Error):
        process.ionice(psutil.IOPRIO_CLASS_IDLE)
        return True
    return False
