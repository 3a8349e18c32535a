"""A finder's desk in the process of a test: what is asked, and every reply until nothing is left to do."""

from __future__ import annotations

import os
import queue
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from mediaindex.config import load_config
from mediaindex_tui.finder.desk import Desk
from mediaindex_tui.finder.inbox import Inbox
from mediaindex_tui.messages import Answer, Ask, Ready, Reply, Request, line_of, read_reply
from tests.support.paths import CHECKOUT
from tests.support.processes import start
from tests.support.waiting import WAIT_SECONDS, until

Kind = TypeVar("Kind")


FINDER = (sys.executable, "-m", "mediaindex_tui.finder")
SOURCES = tuple(str(CHECKOUT / name) for name in (".", "models", "tui"))


def environment() -> dict[str, str]:
    """Variables with which a process finds the packages of this checkout."""
    paths = [*SOURCES, *filter(None, [os.environ.get("PYTHONPATH")])]
    return {**os.environ, "PYTHONPATH": os.pathsep.join(paths)}


class AtDesk:
    """A desk that works only while a test asks or waits."""

    def __init__(self, library: Path, *, words_only: bool = False) -> None:
        self.library = library
        self.inbox = Inbox()
        self.replies: list[Reply] = []
        config = load_config({"library": str(library)})
        self.desk = Desk(config, self.inbox, self.replies.append, words_only=words_only)

    def ask(self, *requests: Request) -> list[Reply]:
        """The replies to some requests that came together."""
        before = len(self.replies)
        for request in requests:
            self.inbox.put(request)
        self.desk.turn(0.0)
        while self.desk.is_busy:
            self.desk.turn(0.0)
        return self.replies[before:]

    def one(self, kind: type[Kind], *requests: Request) -> Kind:
        """The last reply of a kind to some requests."""
        return of(self.ask(*requests), kind)[-1]

    def wait(self, kind: type[Kind]) -> Kind:
        """The next reply of a kind, which a thread brings about."""
        before = len(self.replies)

        self.until(lambda: of(self.replies[before:], kind) and not self.desk.is_busy)
        return of(self.replies[before:], kind)[0]

    def until(self, true: Callable[[], object]) -> None:
        """Work until something holds."""

        def holds() -> object:
            self.desk.turn(0.01)
            return true()

        until(holds)

    def with_pictures(self) -> AtDesk:
        """The same, when its pictures answer."""
        self.desk.turn(0.0)
        self.until(lambda: any(ready.what == "pictures" for ready in of(self.replies, Ready)))
        self.until(lambda: self.desk.is_warm)
        return self

    def full(self, text: str, **options: object) -> Answer:
        """What both channels answer."""
        answers = of(self.ask(Ask(1, text, **options)), Answer)  # type: ignore[arg-type]
        return answers[-1]

    def names(self, text: str) -> list[str]:
        """The names of the moments that answer, best first."""
        return [moment.name for moment in self.full(text).moments]


def of(replies: list[Reply], kind: type[Kind]) -> list[Kind]:
    """The replies of a kind."""
    return [reply for reply in replies if isinstance(reply, kind)]


class FinderProcess:
    """A real finder, spoken to as the interface speaks to it."""

    def __init__(self, library: Path, *options: str) -> None:
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL}
        self.process = start([*FINDER, "--library", library, *options], env=environment(), **pipes)
        self._replies: queue.Queue[Reply] = queue.Queue()
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self._replies.put(read_reply(line))

    def send(self, request: Request) -> None:
        """Ask."""
        assert self.process.stdin is not None
        self.process.stdin.write(line_of(request).decode())
        self.process.stdin.flush()

    def wait(self, kind: type[Kind], **values: object) -> Kind:
        """The next reply of a kind with these values; those before it are passed over."""
        while True:
            reply = self._replies.get(timeout=WAIT_SECONDS)
            if isinstance(reply, kind) and all(getattr(reply, name) == one for name, one in values.items()):
                return reply

    def end(self) -> int:
        """Close its input; the exit code."""
        assert self.process.stdin is not None
        self.process.stdin.close()
        return self.process.wait(WAIT_SECONDS)
