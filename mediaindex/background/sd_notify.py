"""What a running service tells the service manager that started it (systemd's sd_notify protocol).

Silent where nobody listens: the manager names its socket in NOTIFY_SOCKET, a path or, after an `@`,
a name in Linux's abstract namespace.
"""

from __future__ import annotations

import contextlib
import os
import socket
import time
from collections.abc import Mapping

LONGEST_STATUS = 500


class Notifier:
    """Tells the manager how the service is.

    Args:
        environment: holds NOTIFY_SOCKET, WATCHDOG_USEC and WATCHDOG_PID where a manager set them.
    """

    def __init__(self, environment: Mapping[str, str] | None = None) -> None:
        named = os.environ if environment is None else environment
        self._address = _address(named.get("NOTIFY_SOCKET", ""))
        self._ping_seconds = _ping_seconds(named)
        self._pinged: float | None = None

    def ready(self) -> None:
        """The start is over: changes are followed from now on."""
        self._send("READY=1")

    def status(self, text: str) -> None:
        """What the service does now, as `systemctl status` shows it."""
        self._send("STATUS=" + " ".join(text.split())[:LONGEST_STATUS])

    def alive(self) -> None:
        """The work goes on. As cheap as a look at the clock: call it as often as there is a chance.

        A manager that hears nothing for WATCHDOG_USEC starts the service again; a ping is sent when
        half of that has gone by since the last one.
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
        """One datagram. A manager that is gone or too busy to take it must not hold up the work."""
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
    """Half of the time that the manager waits, None where it does not, or waits for another process."""
    microseconds, pid = named.get("WATCHDOG_USEC", ""), named.get("WATCHDOG_PID", str(os.getpid()))
    if not microseconds.isascii() or not microseconds.isdecimal() or pid != str(os.getpid()):
        return None
    return int(microseconds) / 2e6 or None
