"""Debounce: a changed path is kept until it had no event, and the same size and time, for a while.

Events are hints. Whether a path is quiet is asked of the file system, since a copy may go on without an
event and a moved folder reports under its old path. However many paths change at once, a bounded number
is kept: many changed paths in one folder are replaced by the folder.
"""

from __future__ import annotations

import itertools
import os
import threading
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Set
from dataclasses import dataclass

MAX_PATHS = 10_000
CROWDS = (64, 8)  # so many changed paths in one folder are a crowd, at the first try and at the second
PACE_SECONDS = 0.05  # between two looks, however fast events come in
COST_SHARE = 0.1  # of the time goes at most into looking

Signature = tuple[int, int, int]


@dataclass(frozen=True, slots=True)
class _Look:
    at: float
    signature: Signature | None


class Debouncer:
    """The changed paths below some tops, above which no crowd is gathered.

    `note` and `wake` may be called by any thread, all else by one.

    Args:
        quiet_seconds: so long nothing must have happened to a path.
        max_paths: so many are kept, and as many that were noted since they were looked at.
    """

    def __init__(self, quiet_seconds: float, *, max_paths: int = MAX_PATHS) -> None:
        self.tops: frozenset[str] = frozenset()
        self._quiet_seconds = quiet_seconds
        self._max_paths = max_paths
        self._lock = threading.Lock()
        self._noted: set[str] = set()
        self._looks: dict[str, _Look] = {}  # the oldest first
        self._called = threading.Event()
        self._woken = threading.Event()
        self._cost_seconds = 0.0

    def note(self, path: str) -> None:
        """Remember that something happened at a path just now."""
        with self._lock:
            self._noted.add(path)
            if len(self._noted) > self._max_paths:
                self._noted = gathered(self._noted, self.tops, self._max_paths // 2)
        self._called.set()

    def wake(self) -> None:
        """End the `sleep` that goes on, or the next one."""
        self._woken.set()
        self._called.set()

    def sleep(self, seconds: float) -> None:
        """Wait at most so long until there may be something to look at, or `wake` is called."""
        oldest = next(iter(self._looks.values()), None)
        due = seconds if oldest is None else oldest.at + self._quiet_seconds - time.monotonic()
        self._called.wait(max(0.0, min(seconds, due)))
        self._called.clear()
        self._woken.wait(min(seconds, max(PACE_SECONDS, self._cost_seconds / COST_SHARE)))
        self._woken.clear()

    def settled(self) -> list[str]:
        """The paths that have become quiet, existing or gone; they are pending no longer."""
        began = time.monotonic()
        with self._lock:
            noted, self._noted = self._noted, set()
        self._look_at(noted)
        if len(self._looks) > self._max_paths:
            kept = gathered(self._looks.keys(), self.tops, self._max_paths // 2)
            self._looks = {path: look for path, look in self._looks.items() if path in kept}
            self._look_at(kept - self._looks.keys())
        quiet = list(self._take_quiet(began - self._quiet_seconds))
        self._cost_seconds = time.monotonic() - began
        return quiet

    def paths(self) -> list[str]:
        """The paths at which something goes on."""
        with self._lock:
            return list(self._noted | self._looks.keys())

    def _look_at(self, paths: Iterable[str]) -> None:
        for path in paths:
            self._looks.pop(path, None)
            self._looks[path] = _Look(time.monotonic(), _signature(path))

    def _take_quiet(self, since: float) -> Iterator[str]:
        """Paths without an event since then that look as they did; the others are looked at anew."""
        due = list(itertools.takewhile(lambda path: self._looks[path].at <= since, self._looks))
        for path in due:
            before = self._looks.pop(path)
            if _signature(path) == before.signature:
                yield path
            else:
                self._look_at([path])


def gathered(paths: Set[str], tops: Set[str], wanted: int) -> set[str]:
    """At most `wanted` paths that hold all others, as far as the tops allow, crowded folders first."""
    for crowd in CROWDS:
        if len(paths) > wanted:
            paths = _raised(paths, tops, crowd)
    while len(paths) > wanted and (raised := _raised(paths, tops, 1)) != paths:
        paths = raised
    return set(paths)


def _raised(paths: Set[str], tops: Set[str], crowd: int) -> set[str]:
    """Where very many paths of one folder changed, the folder stands for them."""
    sizes = Counter(os.path.dirname(path) for path in paths)
    return {
        path if path in tops or sizes[os.path.dirname(path)] < crowd else os.path.dirname(path)
        for path in paths
    }


def _signature(path: str) -> Signature | None:
    """Size, time and inode of what is there, None where nothing is."""
    try:
        status = os.stat(path)
    except OSError:
        return None
    return (status.st_size, status.st_mtime_ns, status.st_ino)
