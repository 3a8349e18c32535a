"""Throttling: a low priority for CPU and disk, and pauses on a busy machine or on battery.

Children inherit the priority, so decoding has it too. On Linux each thread has a priority of its own:
lower it before the first thread is started.
"""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Callable

NICE = 10
ONLY_WHEN_IDLE = 19
CHECK_SECONDS = 2.0


def be_polite(nice: int = NICE) -> str:
    """Lower this process's priority for CPU and disk; returns what was lowered, in words. Never fails.

    A priority that is already lower stays. Only nice 19 asks for idle scheduling: a writer that gets no
    CPU within a transaction would delay the requests of other processes.
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
    """Tells whether the work should wait now.

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
        self._checked_at: float | None = None

    def reason(self) -> str | None:
        """Why to wait now, for a person, or None; checked at most every two seconds."""
        now = self._clock()
        if self._checked_at is None or now - self._checked_at >= CHECK_SECONDS:
            self._checked_at, self._reason = now, self._check()
        return self._reason

    def _check(self) -> str | None:
        if self.pause_on_battery and (percent := self._battery()) is not None:
            return f"on battery ({percent:.0f} %)"
        if self.max_load is not None and (load := self._load()) > self.max_load:
            return f"the machine is busy (load {load:.1f}, bound {self.max_load:g})"
        return None


def load_average() -> float:
    """Processes that ran or were ready to run, averaged over the last minute; 0 where it is not known."""
    try:
        return os.getloadavg()[0]
    except OSError:
        return 0.0


def percent_on_battery() -> float | None:
    """Percent left while the machine runs on its battery; None on mains and where no battery is known."""
    import psutil

    # psutil reads files that a driver writes and that can vanish; an error counts as no battery.
    try:
        battery = psutil.sensors_battery() if hasattr(psutil, "sensors_battery") else None
    except (OSError, ValueError, RuntimeError, psutil.Error):
        return None
    return float(battery.percent) if battery is not None and battery.power_plugged is False else None


def _schedule_as_background(nice: int) -> str | None:
    """Ask the kernel for batch or idle scheduling; what it is now, in words."""
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
    """Ask for the idle I/O class; whether that succeeded."""
    import psutil

    process = psutil.Process()
    if not hasattr(process, "ionice"):
        return False
    with contextlib.suppress(OSError, ValueError, psutil.Error):
        process.ionice(psutil.IOPRIO_CLASS_IDLE)
        return True
    return False
