"""However the interface or its finder ends, the terminal is as before and nothing runs on."""

from __future__ import annotations

import json
import shutil
import signal
import time
from pathlib import Path

import pytest

from mediaindex.store.library import open_library
from mediaindex.store.maintenance.check import check
from tests.support.commands import ENCODER, index_quietly, process
from tests.support.films import film
from tests.support.terminals import CONTROL, Terminal, finder_of, has_ended, interface
from tests.support.waiting import WAIT_SECONDS, until

pytestmark = pytest.mark.slow
LONG_SECONDS = 6.0
"""Longer than between two questions of how things stand."""


@pytest.fixture(scope="module")
def indexed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("ends")
    film(folder / "videos" / "flag.mp4", "red", "blue")
    film(folder / "videos" / "sunset.mp4", "orange")
    index_quietly(folder / "library", folder / "videos")
    return folder / "library"


@pytest.fixture
def library(indexed: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(indexed, tmp_path / "library"))


@pytest.fixture
def terminal(library: Path) -> Terminal:
    """The interface, where it has answered a query by its words."""
    opened = Terminal(interface(library))
    opened.until("❯")
    opened.type("flag")
    opened.until("flag.mp4")
    return opened


def is_whole(library: Path) -> bool:
    with open_library(library) as opened:
        return check(opened).problems == []


def test_leaving_restores_the_terminal(terminal: Terminal) -> None:
    finder = finder_of(terminal.process)
    terminal.type("\x11")
    assert terminal.wait() == 0
    assert terminal.is_restored
    until(lambda: has_ended(finder))


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_signal_restores_the_terminal(number: signal.Signals, terminal: Terminal) -> None:
    finder = finder_of(terminal.process)
    terminal.process.send_signal(number)
    assert terminal.wait() == 128 + number
    assert terminal.is_restored
    until(lambda: has_ended(finder))


def test_a_killed_interface_leaves_no_finder(terminal: Terminal, library: Path) -> None:
    finder = finder_of(terminal.process)
    terminal.process.kill()
    terminal.wait()
    until(lambda: has_ended(finder))
    assert is_whole(library)


def test_a_terminal_that_is_closed_ends_both(terminal: Terminal, library: Path) -> None:
    finder = finder_of(terminal.process)
    terminal.close()
    terminal.wait()
    until(lambda: has_ended(finder))
    assert is_whole(library)


def test_a_killed_finder_is_started_again_and_answers(terminal: Terminal) -> None:
    finder = finder_of(terminal.process)
    finder.kill()
    terminal.until("started again")
    until(lambda: finder_of(terminal.process).pid != finder.pid)
    terminal.type("\x15sunset")
    terminal.until("sunset.mp4")
    terminal.type("\x11")
    assert terminal.wait() == 0


def test_an_indexing_goes_on_when_both_are_killed(terminal: Terminal, library: Path, tmp_path: Path) -> None:
    for colour in ("green", "yellow", "white"):
        film(tmp_path / "new" / f"{colour}.mp4", colour, "black")
    indexing = process("index", tmp_path / "new", "--json", "--encoder", ENCODER, library=library)
    finder_of(terminal.process).kill()
    terminal.process.kill()
    out, err = indexing.communicate(timeout=WAIT_SECONDS)
    assert indexing.returncode == 0, err
    assert json.loads(out)["indexed"] == 3
    assert is_whole(library)


def test_a_resting_screen_sends_nothing(terminal: Terminal) -> None:
    drawn, since = -1, 0.0

    def rests() -> bool:
        """The last pictures have come, a notice has gone, and then nothing more was drawn."""
        nonlocal drawn, since
        if len(terminal.drawn) != drawn:
            drawn, since = len(terminal.drawn), time.monotonic()
        return time.monotonic() - since > LONG_SECONDS

    until(rests, terminal.process)
    terminal.type("\x11")
    assert terminal.wait() == 0


def test_a_terminal_that_is_made_small_and_large_again_goes_on(terminal: Terminal) -> None:
    def draws(text: bytes) -> None:
        until(lambda: text in CONTROL.sub(b"", terminal.drawn[before:]), terminal.process)

    before = len(terminal.drawn)
    terminal.resize(30, 8)
    draws("needs 40 × 8".encode())
    before = len(terminal.drawn)
    terminal.resize(80, 24)
    draws(b"flag.mp4")
    before = len(terminal.drawn)
    terminal.type("\x15sunset")
    draws(b"sunset.mp4")
    terminal.type("\x11")
    assert terminal.wait() == 0
    assert terminal.is_restored
