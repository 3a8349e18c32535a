"""A watcher on real folders, and all that it has told."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

from mediaindex.sources.places.volumes import Volume, volume_of
from mediaindex.sources.watch.observer import Observation
from mediaindex.sources.watch.watcher import Changes, Watcher

QUIET = 0.1


DEADLINE = 30.0


def as_network(path: Path) -> Volume:
    found = volume_of(path)
    return Volume(found.uid, found.label, found.mount_point, "network", "nfs4")


class Watch:
    """A watcher and all it has told."""

    def __init__(self, watcher: Watcher) -> None:
        self.watcher = watcher
        self.paths: list[Path] = []
        self.rescan: dict[Path, str] = {}

    def take(self, timeout: float) -> Changes:
        changes = self.watcher.wait(timeout)
        self.paths += changes.paths
        self.rescan.update(changes.rescan)
        return changes

    def until(self, holds: Callable[[], bool]) -> None:
        deadline = time.monotonic() + DEADLINE
        while not holds():
            assert time.monotonic() < deadline, (self.paths, self.rescan)
            self.take(0.5)

    def told(self, *paths: Path) -> None:
        """Wait until each path was told, itself or by a folder that holds it."""
        self.until(lambda: all(any(p in (path, *path.parents) for p in self.paths) for path in paths))

    def rescanned(self, root: Path) -> str:
        self.until(lambda: root in self.rescan)
        return self.rescan.pop(root)

    def forget(self) -> None:
        self.paths.clear()
        self.rescan.clear()

    def settle(self) -> None:
        """Wait until nothing is under way."""
        self.until(lambda: not self.take(3 * QUIET))
        self.forget()


Watching = Callable[..., Watch]


def put(path: Path, content: bytes = b"film") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


def observation_of(here: Watch, root: Path) -> Observation:
    found = here.watcher._roots._roots[str(root)].observation
    assert found is not None
    return found
