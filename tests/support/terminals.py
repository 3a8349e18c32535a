"""A program on a pseudo-terminal of its own, with what it has drawn there."""

from __future__ import annotations

import contextlib
import fcntl
import os
import pty
import re
import struct
import subprocess
import termios
import threading
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import psutil
import pyte

from tests.support.finders import environment
from tests.support.processes import start
from tests.support.waiting import WAIT_SECONDS, until

CONTROL = re.compile(rb"\x1b\[[0-?]*[ -/]*[@-~]|\x1b[()][0-9A-B]|\x1b[=>]")
ALTERNATE_SCREEN_ON, ALTERNATE_SCREEN_OFF = b"\x1b[?1049h", b"\x1b[?1049l"
MOUSE_OFF = b"\x1b[?1000l"
COLUMNS, ROWS = 120, 40
STRINGS = re.compile(rb"\x1b[_P^](.*?)\x1b\\", re.DOTALL)
"""What a terminal takes as one command up to its end: pictures among them."""
Answers = Mapping[re.Pattern[bytes], Callable[[re.Match[bytes]], bytes]]
PIXEL_TERMINAL: Answers = {
    re.compile(rb"\x1b\[0?c"): lambda _asked: b"\x1b[?62;4;22c",
    re.compile(rb"\x1b\[1?4t"): lambda _asked: b"\x1b[4;800;1200t",
    re.compile(rb"\x1b\[16t"): lambda _asked: b"\x1b[6;20;10t",
    re.compile(rb"\x1b\[>0?q"): lambda _asked: b"\x1bP>|kitty(0.36.4)\x1b\\",
    re.compile(rb"\x1b_G([^;\x1b]*)(?:;[^\x1b]*)?\x1b\\"): lambda asked: _kitty_answer(asked[1]),
}
"""What a terminal with pictures of pixels writes into its keyboard when it is asked."""


def _kitty_answer(keys: bytes) -> bytes:
    """It is quiet where that is wished, and in the middle of a picture."""
    said = {name: value for name, _, value in (key.partition(b"=") for key in keys.split(b","))}
    if said.get(b"q") in (b"1", b"2") or not said.keys() - {b"m"}:
        return b""
    return b"\x1b_Gi=" + said.get(b"i", b"0") + b";OK\x1b\\"


class Terminal:
    """A terminal of 120 by 40 cells.

    Args:
        cell: pixels of a cell, where the terminal says so. answers: to what it is asked.

    Attributes:
        process: that runs in it, as the leader of its session. drawn: every byte that was written.
    """

    def __init__(
        self,
        words: Sequence[object],
        *,
        cell: tuple[int, int] = (0, 0),
        answers: Answers | None = None,
        **variables: str,
    ) -> None:
        self._master, slave = pty.openpty()
        self._answers, self._answered = answers or {}, 0
        pixels = COLUMNS * cell[0], ROWS * cell[1]
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, COLUMNS, *pixels))
        self._own = os.dup(slave)
        self.before = termios.tcgetattr(self._own)
        self.drawn = b""
        self.process = start(
            words,
            stdin=slave,
            stdout=slave,
            stderr=slave,
            env={**environment(), "TERM": "xterm-256color", **variables},
            preexec_fn=_take_terminal,
        )
        os.close(slave)
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        with contextlib.suppress(OSError):  # nobody holds the other end any more
            while more := os.read(self._master, 1 << 16):
                self.drawn += more
                self._answer()

    def _answer(self) -> None:
        """Answer what was asked and not answered yet."""
        while found := [m for asked in self._answers if (m := asked.search(self.drawn, self._answered))]:
            first = min(found, key=lambda match: match.end())
            os.write(self._master, self._answers[first.re](first))
            self._answered = first.end()

    @property
    def text(self) -> str:
        """What was drawn, without what steers the terminal."""
        return CONTROL.sub(b"", STRINGS.sub(b"", self.drawn)).decode("utf-8", "replace")

    @property
    def screen(self) -> list[str]:
        """The rows as they stand now, without pictures of pixels."""
        screen = pyte.Screen(COLUMNS, ROWS)
        pyte.ByteStream(screen).feed(STRINGS.sub(b"", self.drawn))
        return list(screen.display)

    @property
    def is_restored(self) -> bool:
        """Whether keys are read as before, and the screen of before is shown."""
        shown = self.drawn.rfind(ALTERNATE_SCREEN_OFF) > self.drawn.rfind(ALTERNATE_SCREEN_ON)
        return shown and self.has_its_modes

    @property
    def has_its_modes(self) -> bool:
        """Whether keys are read as before."""
        return termios.tcgetattr(self._own)[:4] == self.before[:4]

    def until(self, text: str) -> None:
        """Wait until something was drawn."""
        until(lambda: text in self.text, self.process)

    def type(self, text: str) -> None:
        """Press keys."""
        os.write(self._master, text.encode())

    def resize(self, columns: int, rows: int) -> None:
        """Give it another size; whoever runs in it is told by a signal."""
        fcntl.ioctl(self._master, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def wait(self) -> int:
        """The exit code."""
        return self.process.wait(WAIT_SECONDS)

    def close(self) -> None:
        """Close the terminal, as its window would."""
        os.close(self._own)
        os.close(self._master)


def _take_terminal() -> None:
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)


def interface(library: Path, *options: str) -> Sequence[object]:
    """The command that starts the interface."""
    import sys

    return [sys.executable, "-m", "mediaindex", "ui", "--library", library, *options]


def finder_of(process: subprocess.Popen[str]) -> psutil.Process:
    """The finder of an interface."""
    found: list[psutil.Process] = []

    def is_there() -> bool:
        found[:] = [
            child
            for child in psutil.Process(process.pid).children()
            if "mediaindex_tui.finder" in child.cmdline()
        ]
        return bool(found)

    until(is_there, process)
    return found[0]


def has_ended(process: psutil.Process) -> bool:
    """Whether a process ran to its end, whoever has to collect it."""
    with contextlib.suppress(psutil.NoSuchProcess):
        return process.status() == psutil.STATUS_ZOMBIE
    return True
