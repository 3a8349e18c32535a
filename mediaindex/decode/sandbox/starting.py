"""Start a program that confines itself before it begins, and lose no Ctrl-C over it.

A `subprocess.Popen` with a `preexec_fn` runs Python around the fork and behind it, where a KeyboardInterrupt
gets lost: Python swallows what a function of `os.register_at_fork` raises, as libraries have some, and an
exception of `preexec_fn` is told to the parent as a program that could not be started.
"""

from __future__ import annotations

import contextlib
import signal
import subprocess
import threading
from collections.abc import Callable, Iterator, Sequence
from typing import Any

_SIGNALS = (signal.SIGINT, signal.SIGTERM)


def started(command: Sequence[str], confine: Callable[[], None], **options: Any) -> subprocess.Popen[Any]:
    """A program in a process group of its own, which a Ctrl-C of the terminal does not reach.

    It would end early on it, and as if all were done. Whoever started it hears the Ctrl-C, and ends it.

    Args:
        confine: is called in the child before the program begins. options: of `subprocess.Popen`.

    Raises:
        OSError, SubprocessError: it cannot be started.
    """
    process: subprocess.Popen[Any] | None = None
    try:
        with _interrupts_held():
            process = subprocess.Popen(command, preexec_fn=confine, process_group=0, **options)
    except BaseException:
        if process is not None:
            ended(process)
        raise
    return process


def ended(process: subprocess.Popen[Any]) -> None:
    """End a program, and close its pipes."""
    process.kill()
    process.wait()
    for pipe in filter(None, (process.stdin, process.stdout, process.stderr)):
        pipe.close()


@contextlib.contextmanager
def _interrupts_held() -> Iterator[None]:
    """Hold Ctrl-C and SIGTERM back until the block is left; then they are raised, whatever became of it.

    Only the main thread gets signals; in any other one nothing changes. What is ignored stays so, and is
    ignored by the program too.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    caught: list[int] = []
    before = {number: signal.getsignal(number) for number in _SIGNALS}
    held = [number for number, handler in before.items() if handler is not signal.SIG_IGN]
    try:
        for number in held:
            signal.signal(number, lambda sent, _frame: caught.append(sent))
        yield
    finally:
        for number in held:
            handler = before[number]
            signal.signal(number, signal.SIG_DFL if handler is None else handler)
        for sent in caught:
            signal.raise_signal(sent)
