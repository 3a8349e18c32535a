"""A pseudo-terminal with the interface in it, read by an emulator (pyte) with the time of each piece."""

from __future__ import annotations

import fcntl
import os
import pty
import select
import signal
import struct
import sys
import termios
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pyte

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "tui"))

from mediaindex_tui.messages import GLYPHS

COLUMNS, ROWS = 120, 40
LIST_TOP, LIST_BOTTOM = 2, 33
LEAVE = b"\x11"
WITHOUT_PICTURES = str.maketrans(dict.fromkeys(GLYPHS[1:], " "))


@dataclass(frozen=True, slots=True)
class Line:
    """A line between the user and the terminal.

    Attributes:
        rate: bytes a second. delay: seconds there and back.
    """

    rate: float
    delay: float


@dataclass(frozen=True, slots=True)
class Drawn:
    """A piece that was read.

    Attributes:
        at: seconds, when the user saw it. size: its bytes.
        query: the row of the query behind it. list: the rows of the list, without pictures.
    """

    at: float
    size: int
    query: str
    list: tuple[str, ...]


@dataclass
class Terminal:
    """A pseudo-terminal with the interface in it.

    Attributes:
        line: to the user; None where they sit before it.
        drawn: every piece. unseen: what the emulator has not read yet, which is slower than the interface.
    """

    pid: int
    descriptor: int
    line: Line | None = None
    screen: pyte.Screen = field(default_factory=lambda: pyte.Screen(COLUMNS, ROWS))
    drawn: list[Drawn] = field(default_factory=list)
    unseen: list[tuple[float, bytes]] = field(default_factory=list)
    _free: float = 0.0  # when the line has carried all that was drawn

    def __post_init__(self) -> None:
        self._stream = pyte.ByteStream(self.screen)

    def read(self, seconds: float, until: Callable[[], bool] | None = None) -> bool:
        """Read what is drawn for so long, or until something is seen; whether it was."""
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            if until is not None and self._sees(until):
                return True
            self._collect(min(left, 0.05))
        return self._sees(until or bool)

    def collect(self, seconds: float) -> None:
        """Read what is drawn for so long, and leave it to the emulator for later."""
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            self._collect(left)

    def _collect(self, seconds: float) -> None:
        # All that is there, before the emulator reads any of it: 4 kB cost it 10 ms, which nobody waits for.
        while select.select([self.descriptor], [], [], seconds)[0]:
            piece = os.read(self.descriptor, 4096)
            self.unseen.append((self._arrival(len(piece)), piece))
            seconds = 0.0

    def _arrival(self, size: int) -> float:
        """When a piece that was drawn now is seen."""
        now = time.monotonic()
        if self.line is None:
            return now
        self._free = max(self._free, now) + size / self.line.rate
        return self._free + self.line.delay / 2

    def _sees(self, what: Callable[[], bool]) -> bool:
        for at, piece in self.unseen:
            self._stream.feed(piece)
            self.drawn.append(Drawn(at, len(piece), self.screen.display[0], self.list))
        self.unseen.clear()
        return what()

    def press(self, keys: bytes) -> float:
        """Press keys; the time at which that was done."""
        pressed = time.monotonic()
        if self.line is not None:
            self.collect(self.line.delay / 2)
        os.write(self.descriptor, keys)
        return pressed if self.line is not None else time.monotonic()

    def painted_after(self, pressed: float) -> float | None:
        """Milliseconds from a key to the list that stands in the end; None where nothing changed."""
        since = [one for one in self.drawn if one.at >= pressed]
        before = [one for one in self.drawn if one.at < pressed]
        if not since or (before and since[-1].list == before[-1].list):
            return None
        at = next(one.at for one in since if one.list == since[-1].list)
        return 1000.0 * (at - pressed)

    def shown_after(self, pressed: float, text: str) -> float | None:
        """Milliseconds from a key to a text in the row of the query; None where it never stood there."""
        at = next((one.at for one in self.drawn if one.at >= pressed and text in one.query), None)
        return None if at is None else 1000.0 * (at - pressed)

    def settled_after(self, pressed: float, text: str) -> float | None:
        """Milliseconds from a key to the row of the query that stands in the end, if it has a text."""
        since = [one for one in self.drawn if one.at >= pressed]
        if not since or text not in since[-1].query:
            return None
        return 1000.0 * (next(one.at for one in since if one.query == since[-1].query) - pressed)

    def bytes_after(self, pressed: float, seconds: float = float("inf")) -> int:
        """How many bytes were drawn in so many seconds since."""
        return sum(one.size for one in self.drawn if pressed <= one.at <= pressed + seconds)

    @property
    def list(self) -> tuple[str, ...]:
        """The rows of the list, as text: its pictures come when the cursor rests."""
        rows = (line[: COLUMNS // 2] for line in self.screen.display[LIST_TOP:LIST_BOTTOM])
        return tuple(row.translate(WITHOUT_PICTURES) for row in rows)

    @property
    def query(self) -> str:
        """The row of the query, with what is said of its answer."""
        return str(self.screen.display[0])

    def shows(self, text: str) -> bool:
        """Whether a text stands on the screen."""
        return any(text in line for line in self.screen.display)

    @property
    def cpu_seconds(self) -> float:
        """Processor time of the interface alone, of all its threads that run."""
        tasks = Path(f"/proc/{self.pid}/task").iterdir()
        return sum(int((task / "schedstat").read_text().split()[0]) for task in tasks) / 1e9

    def memory_mb(self, pid: int) -> float:
        """Resident memory of a process."""
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
        return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS")) / 1000.0

    @property
    def finder(self) -> int | None:
        """The process id of the finder."""
        children = Path(f"/proc/{self.pid}/task/{self.pid}/children").read_text().split()
        return next((int(child) for child in children if b"finder" in _command(int(child))), None)


def _command(pid: int) -> bytes:
    return Path(f"/proc/{pid}/cmdline").read_bytes()


@contextmanager
def started(
    library: Path, *words: str, line: Line | None = None, variables: Mapping[str, str] | None = None
) -> Iterator[Terminal]:
    """The interface on a terminal of its own.

    Args:
        line: to the user. variables: of its environment, beside those of a good terminal.
    """
    pid, descriptor = pty.fork()
    if pid == 0:
        fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, COLUMNS, 0, 0))
        os.environ |= {"TERM": "xterm-256color", "COLORTERM": "truecolor", **(variables or {})}
        command = [sys.executable, "-m", "mediaindex", "ui", "--library", str(library), *words]
        os.execv(sys.executable, command)
    terminal = Terminal(pid, descriptor, line)
    try:
        yield terminal
        terminal.press(LEAVE)
        terminal.read(2.0, lambda: _has_ended(pid))
    except OSError:  # the program has gone, and the terminal with it
        pass
    finally:
        _end(pid)
        os.close(descriptor)


def _has_ended(pid: int) -> bool:
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"


def _end(pid: int) -> None:
    if not _has_ended(pid):
        os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
