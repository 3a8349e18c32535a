"""A client of systemd's sd_notify protocol: a service reports to the manager that started it.

The manager names its socket in NOTIFY_SOCKET: a path or, after an `@`, a name in Linux's abstract
namespace. Without that variable nothing is sent.
"""

from __future__ import annotations

import contextlib
import os
import socket
import time
from collections.abc import Mapping

LONGEST_STATUS = 500


class Notifier:
    """Reports the state of the service to its manager.

    Args:
        environment: holds NOTIFY_SOCKET, WATCHDOG_USEC and WATCHDOG_PID where a manager set them.
    """

    def __init__(self, environment: Mapping[str, str] | None = None) -> None:
        named = os.environ if environment is None else environment
        self._address = _address(named.get("NOTIFY_SOCKET", ""))
        self._ping_seconds = _ping_seconds(named)
        self._pinged: float | None = None

    def ready(self) -> None:
        """The service has started: changes are followed from now on."""
        self._send("READY=1")

    def status(self, text: str) -> None:
        """Set the line that `systemctl status` shows."""
        self._send("STATUS=" + " ".join(text.split())[:LONGEST_STATUS])

    def alive(self) -> None:
        """The watchdog's ping, sent when half of WATCHDOG_USEC has passed since the last one.

        A manager that gets none within WATCHDOG_USEC restarts the service. A call that sends nothing
        only reads the clock.
        """
        now = time.monotonic()
        if self._ping_seconds is None or (
            self._pinged is not None and now - self._pinged < self._ping_seconds
        ):
            return
        self._pinged = now
        self._send("WATCHDOG=1")

    def stopping(self) -> None:
        """The service ends in order."""
        self._send("STOPPING=1")

    def _send(self, state: str) -> None:
        """Send one datagram; a manager that is gone or too busy must not delay the work."""
        if self._address is None:
            return
        with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
            sender.setblocking(False)
            sender.sendto(state.encode("utf-8", "backslashreplace"), self._address)


def _address(named: str) -> bytes | None:
    if not named.startswith(("/", "@")):
        return None
    encoded = os.fsencode(named)
    return b"\0" + encoded[1:] if named.startswith("@") else encoded


def _ping_seconds(named: Mapping[str, str]) -> float | None:
    """Half of the watchdog's time; None without a watchdog, or where it watches another process."""
    microseconds, pid = named.get("WATCHDOG_USEC", ""), named.get("WATCHDOG_PID", str(os.getpid()))
    if not microseconds.isascii() or not microseconds.isdecimal() or pid != str(os.getpid()):
        return None
    return int(microseconds) / 2e6 or None
