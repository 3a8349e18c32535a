"""Signals that ask a long computation to stop, answered where its state is whole."""

from __future__ import annotations

import contextlib
import signal
import threading
from collections.abc import Callable, Iterator
from types import FrameType

_SIGNALS = (signal.SIGINT, signal.SIGTERM)


@contextlib.contextmanager
def deferred_interrupts() -> Iterator[Callable[[], bool]]:
    """A block in which the first SIGINT or SIGTERM is only noted; the yielded function says whether one came.

    A second signal raises KeyboardInterrupt at once. Only the main thread gets signals; in any other thread
    nothing changes, and the function always says no.
    """
    if threading.current_thread() is not threading.main_thread():
        yield lambda: False
        return
    signal_came = False

    def note(_signal: int, _frame: FrameType | None) -> None:
        nonlocal signal_came
        if signal_came:
            raise KeyboardInterrupt
        signal_came = True

    before = {number: signal.getsignal(number) for number in _SIGNALS}
    try:
        for number in _SIGNALS:
            signal.signal(number, note)
        yield lambda: signal_came
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
