"""Work ends with its budget, wherever it stands, and leaves the signal as it was."""

from __future__ import annotations

import contextlib
import signal
import time

import pytest

from mediaindex.learn.nightly.time_budget import OutOfTime, TimeBudget
from tests.support.waiting import until


def test_work_ends_where_it_stands() -> None:
    before = signal.getsignal(signal.SIGUSR1)
    budget = TimeBudget(0.2)
    began = time.monotonic()
    with pytest.raises(OutOfTime), budget.kept():
        until(lambda: False)
    assert time.monotonic() - began < 5.0
    assert budget.left == 0.0
    with pytest.raises(OutOfTime), budget.kept():
        raise AssertionError("nothing begins after the end")
    assert signal.getsignal(signal.SIGUSR1) == before


def test_work_that_is_done_in_time_is_let_be() -> None:
    budget = TimeBudget(60.0)
    with budget.kept():
        pass
    left = budget.left
    assert left is not None
    assert 50.0 < left < 60.0
    with TimeBudget(None).kept():
        pass
    assert TimeBudget(None).left is None


def test_no_handler_of_errors_takes_it() -> None:
    def never_ends() -> None:
        while True:
            with contextlib.suppress(Exception):
                time.monotonic()

    with pytest.raises(OutOfTime), TimeBudget(0.05).kept():
        never_ends()
