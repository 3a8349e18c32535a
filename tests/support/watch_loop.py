"""The loop of `watch` in a thread of the test."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from mediaindex.assembly.writing import new_watch_loop
from mediaindex.background.loop import WatchPolicy
from mediaindex.config import load_config
from mediaindex.store.library import open_library
from tests.support.waiting import WAIT_SECONDS, until

QUIET = 0.2


class Watching:
    """The loop of `watch` in a thread; its events are kept."""

    def __init__(self, root: Path, **following: Any) -> None:
        self.events: list[dict[str, Any]] = []
        self.trouble: BaseException | None = None
        self.root = root
        self._following = WatchPolicy(**{"quiet_seconds": QUIET, **following})
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> Watching:
        self._thread.start()
        try:
            self.wait_for(lambda: any(event["event"] == "looked" for event in self.events))
        except BaseException:
            self._end()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self._end()
        assert not self._thread.is_alive()
        assert self.trouble is None

    def _end(self) -> None:
        self._stop.set()
        self._thread.join(WAIT_SECONDS)

    def _run(self) -> None:
        try:
            config = load_config({"library": str(self.root)})
            with open_library(self.root) as library, library.lock("watch"):
                loop = new_watch_loop(
                    library, config, self._following, tell=self.events.append, clock=self._now
                )
                loop.run()
        except KeyboardInterrupt:
            pass
        except BaseException as error:  # noqa: BLE001  told by the test's thread
            self.trouble = error

    def _now(self) -> float:
        if self._stop.is_set():
            raise KeyboardInterrupt
        return time.monotonic()

    def count(self, name: str) -> int:
        """How many files all passes together counted as `indexed`, `decoded`, `moved` …"""
        return sum(event[name] for event in self.events if event["event"] == "looked")

    def wait_for(self, condition: Callable[[], bool]) -> None:
        def holds_in_time() -> bool:
            assert self.trouble is None, self.trouble
            return condition()

        until(holds_in_time)
