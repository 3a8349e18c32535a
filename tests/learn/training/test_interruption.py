"""Signals that ask a long computation to stop."""

from __future__ import annotations

import os
import signal
import threading

import pytest

from mediaindex.learn.training.interruption import deferred_interrupts


def test_a_second_signal_does_not_wait_and_other_threads_hear_none() -> None:
    with deferred_interrupts() as interrupted:
        assert not interrupted()
        os.kill(os.getpid(), signal.SIGTERM)
        assert interrupted()
        with pytest.raises(KeyboardInterrupt):
            os.kill(os.getpid(), signal.SIGINT)
    seen: list[bool] = []

    def elsewhere() -> None:
        with deferred_interrupts() as interrupted:
            seen.append(interrupted())

    thread = threading.Thread(target=elsewhere, daemon=True)
    thread.start()
    thread.join()
    assert seen == [False]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_handlers_are_put_back(number: signal.Signals) -> None:
    before = signal.getsignal(number)
    with deferred_interrupts():
        assert signal.getsignal(number) is not before
    assert signal.getsignal(number) is before


def test_handlers_are_put_back_after_an_error() -> None:
    before = signal.getsignal(signal.SIGTERM)
    with pytest.raises(ZeroDivisionError), deferred_interrupts():
        raise ZeroDivisionError
    assert signal.getsignal(signal.SIGTERM) is before
