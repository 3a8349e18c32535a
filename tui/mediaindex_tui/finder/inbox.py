"""What waits for the finder's one thread: requests of the interface, and results of threads of its own."""

from __future__ import annotations

import logging
import os
import threading
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import msgspec

from mediaindex_tui.messages import read_request

logger = logging.getLogger(__name__)

END_SECONDS = 3.0
"""So long after its end of input the process may still run."""


@dataclass(frozen=True, slots=True)
class Arrived:
    """Something that waits, and when it came, in seconds of `time.perf_counter`."""

    what: Any
    at: float = field(default_factory=time.perf_counter)


class Inbox:
    """A queue that all threads fill and one empties.

    Attributes:
        has_ended: whether the interface has closed its end.
    """

    def __init__(self) -> None:
        self.has_ended = False
        self._waiting: list[Arrived] = []
        self._changed = threading.Condition()

    def put(self, what: object) -> None:
        """Let something wait."""
        with self._changed:
            self._waiting.append(Arrived(what))
            self._changed.notify()

    def take(self, seconds: float) -> list[Arrived]:
        """Everything that waits, the oldest first; where nothing does, what comes within some seconds."""
        with self._changed:
            if not (self._waiting or self.has_ended):
                self._changed.wait(seconds)
            waiting, self._waiting = self._waiting, []
            return waiting

    def end(self) -> None:
        """No more comes."""
        with self._changed:
            self.has_ended = True
            self._changed.notify()

    def read(self, lines: Iterable[bytes]) -> None:
        """Put the requests of the interface, until it closes its end; the process ends soon after."""
        try:
            for line in lines:
                try:
                    self.put(read_request(line))
                except msgspec.MsgspecError as error:
                    logger.warning("a request that cannot be read: %s", error)
        finally:
            self.end()
            # Whatever a thread of C code is doing: nobody reads its answer.
            ender = threading.Timer(END_SECONDS, os._exit, (0,))
            ender.daemon = True
            ender.start()
