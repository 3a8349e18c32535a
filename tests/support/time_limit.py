"""A pytest plugin: a worker that hangs is ended, with the stacks of all its threads on stderr.

At the time limit of a test pytest-timeout interrupts it, so that it fails and its fixtures end what it
started. That cannot interrupt native code, and once a test has failed, nothing limits its fixtures: so
at twice the limit a watchdog outside Python ends the worker, and after the run one that its threads hold up.
"""

from __future__ import annotations

import faulthandler
import os
from collections.abc import Generator
from typing import Any

import pytest

EXIT_SECONDS = 120.0
STDERR = pytest.StashKey[int]()
SECONDS = pytest.StashKey[float]()


def pytest_configure(config: pytest.Config) -> None:
    config.stash[STDERR] = os.dup(2)  # capturing puts a file in the place of stderr


@pytest.hookimpl(tryfirst=True)
def pytest_timeout_set_timer(item: pytest.Item, settings: Any) -> None:
    """Set the second limit; pytest-timeout sets the first."""
    item.stash[SECONDS] = 2 * settings.timeout
    _limit(item)


@pytest.hookimpl(trylast=True)
def pytest_exception_interact(node: pytest.Item | pytest.Collector) -> None:
    """Set the second limit anew where a test failed: pytest has taken both away, for a debugger."""
    _limit(node)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_protocol() -> Generator[None, object, object]:
    """Take the second limit away when the fixtures are torn down."""
    try:
        return (yield)
    finally:
        faulthandler.cancel_dump_traceback_later()


def pytest_enter_pdb() -> None:
    faulthandler.cancel_dump_traceback_later()


def pytest_unconfigure(config: pytest.Config) -> None:
    faulthandler.dump_traceback_later(EXIT_SECONDS, exit=True, file=config.stash[STDERR])


def _limit(node: pytest.Item | pytest.Collector) -> None:
    if (seconds := node.stash.get(SECONDS, None)) is not None:
        faulthandler.dump_traceback_later(seconds, exit=True, file=node.config.stash[STDERR])
