"""A service manager's socket hears what it should, and nothing holds up the work."""

from __future__ import annotations

import os
import secrets
import socket
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from mediaindex.background.sd_notify import LONGEST_STATUS, Notifier


class Listener:
    """A manager's end of the socket."""

    def __init__(self, address: str | bytes) -> None:
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(address)
        self.socket.setblocking(False)

    def heard(self) -> list[bytes]:
        """Every datagram so far."""
        found = []
        while True:
            try:
                found.append(self.socket.recv(4096))
            except BlockingIOError:
                return found


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "notify socket"


@pytest.fixture
def manager(path: Path) -> Iterator[Listener]:
    listener = Listener(str(path))
    yield listener
    listener.socket.close()


def test_the_manager_hears_every_state_once(
    manager: Listener, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NOTIFY_SOCKET", str(path))
    notifier = Notifier()
    notifier.ready()
    notifier.status("watching 2 folders\nREADY=0")
    notifier.alive()
    notifier.stopping()
    assert manager.heard() == [b"READY=1", b"STATUS=watching 2 folders READY=0", b"STOPPING=1"]


def test_a_status_is_bounded_and_any_name_fits(manager: Listener, path: Path) -> None:
    notifier = Notifier({"NOTIFY_SOCKET": str(path)})
    notifier.status("caf\udce9 " + "x" * 100_000)
    (heard,) = manager.heard()
    assert heard.startswith(b"STATUS=caf\\udce9 xxx")
    assert len(heard) < 2 * LONGEST_STATUS


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux has abstract names")
def test_an_abstract_name_is_found() -> None:
    name = f"mediaindex-test-{secrets.token_hex(8)}"
    listener = Listener(b"\0" + name.encode())
    Notifier({"NOTIFY_SOCKET": f"@{name}"}).ready()
    assert listener.heard() == [b"READY=1"]
    listener.socket.close()


def test_pings_come_at_half_of_the_time(
    manager: Listener, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = [1000.0]
    monkeypatch.setattr(time, "monotonic", lambda: clock[0])
    notifier = Notifier({"NOTIFY_SOCKET": str(path), "WATCHDOG_USEC": "30000000"})
    for clock[0] in (1000.0, 1001.0, 1014.9):
        notifier.alive()
    assert manager.heard() == [b"WATCHDOG=1"]
    for clock[0] in (1015.0, 1029.9, 1030.0):
        notifier.alive()
    assert manager.heard() == [b"WATCHDOG=1"] * 2


@pytest.mark.parametrize(
    "watchdog",
    [
        {},
        {"WATCHDOG_USEC": "0"},
        {"WATCHDOG_USEC": "soon"},
        {"WATCHDOG_USEC": "-5"},
        {"WATCHDOG_USEC": "30000000", "WATCHDOG_PID": "1"},
    ],
)
def test_no_ping_where_nobody_waits_for_one(manager: Listener, path: Path, watchdog: dict[str, str]) -> None:
    Notifier({"NOTIFY_SOCKET": str(path), **watchdog}).alive()
    assert manager.heard() == []


def test_the_ping_is_for_the_process_that_is_waited_for(manager: Listener, path: Path) -> None:
    ours = {"WATCHDOG_USEC": "30000000", "WATCHDOG_PID": str(os.getpid())}
    Notifier({"NOTIFY_SOCKET": str(path), **ours}).alive()
    assert manager.heard() == [b"WATCHDOG=1"]


@pytest.mark.parametrize(
    "address", ["", "relative", "/nowhere/socket", "@nobody-listens-here", "/" + "x" * 300]
)
def test_silence_where_nobody_listens(address: str) -> None:
    notifier = Notifier({"NOTIFY_SOCKET": address, "WATCHDOG_USEC": "1000"})
    notifier.ready()
    notifier.status("anything")
    notifier.alive()
    notifier.stopping()


def test_a_manager_that_does_not_read_holds_nothing_up(manager: Listener, path: Path) -> None:
    notifier = Notifier({"NOTIFY_SOCKET": str(path)})
    for number in range(2000):
        notifier.status(f"step {number} " + "x" * LONGEST_STATUS)
    assert 0 < len(manager.heard()) < 2000
