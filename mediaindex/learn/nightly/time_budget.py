"""A time budget that is kept, whatever goes on when it ends."""

from __future__ import annotations

import contextlib
import signal
import threading
import time
from collections.abc import Iterator
from types import FrameType


class OutOfTime(BaseException):
    """The budget has ended; no `except Exception` takes it for trouble of its own."""


class TimeBudget:
    """Seconds from now on.

    Args:
        seconds: None for no limit.
    """

    def __init__(self, seconds: float | None) -> None:
        self._end = None if seconds is None else time.monotonic() + seconds

    @property
    def left(self) -> float | None:
        """Seconds that are left, None where there is no limit."""
        return None if self._end is None else max(0.0, self._end - time.monotonic())

    @contextlib.contextmanager
    def kept(self) -> Iterator[None]:
        """Work that ends with the budget, as a command ends on SIGTERM: by an exception where it stands.

        For the main thread alone, which takes signals.

        Raises:
            OutOfTime: it has ended, before or meanwhile.
        """
        if (left := self.left) is None:
            yield
            return
        if left <= 0.0:
            raise OutOfTime
        is_over = threading.Event()

        def raise_out_of_time(_signal: int, _frame: FrameType | None) -> None:
            if not is_over.is_set():
                is_over.set()
                raise OutOfTime

        before = signal.signal(signal.SIGUSR1, raise_out_of_time)
        timer = threading.Timer(left, signal.pthread_kill, (threading.get_ident(), signal.SIGUSR1))
        timer.daemon = True
        timer.start()
        try:
            yield
        finally:
            is_over.set()  # a signal that comes late finds nobody
            timer.cancel()
            timer.join()
            signal.signal(signal.SIGUSR1, before)
