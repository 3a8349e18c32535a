"""A watcher on real folders, and all that it has told."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable
from pathlib import Path

from mediaindex.sources.places.volumes import Volume, volume_of
from mediaindex.sources.watch.observer import Observation
from mediaindex.sources.watch.watcher import Changes, Watcher
from tests.support.waiting import WAIT_SECONDS

QUIET = 0.1
FENCE = "fence "


def as_network(path: Path) -> Volume:
    found = volume_of(path)
    return Volume(found.uid, found.label, found.mount_point, "network", "nfs4")


class Watch:
    """A watcher and all it has told."""

    def __init__(self, watcher: Watcher) -> None:
        self.watcher = watcher
        self.paths: list[Path] = []
        self.rescan: dict[Path, str] = {}
        self._fences_told: set[Path] = set()
        self._numbers = itertools.count()

    def take(self, timeout: float) -> Changes:
        changes = self.watcher.wait(timeout)
        self._fences_told |= {path for path in changes.paths if path.name.startswith(FENCE)}
        self.paths += [path for path in changes.paths if path not in self._fences_told]
        self.rescan.update(changes.rescan)
        return changes

    def until(self, holds: Callable[[], bool]) -> None:
        deadline = time.monotonic() + WAIT_SECONDS
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
        """Wait until all that happened so far was told, and forget it.

        Changes are noticed in the order in which they happen: once a link without a target is noticed that
        was made now, so was all that came before it.
        """
        for root in self.watcher.observed:
            if root.is_dir():
                self._notice_fence(root)
        self.until(lambda: not self.watcher.unsettled())
        self.forget()

    def _notice_fence(self, root: Path) -> None:
        fences: set[Path] = set()

        def is_noticed() -> bool:
            if fences & (self._fences_told | self.watcher.unsettled()):
                return True
            fence = root / f"{FENCE}{next(self._numbers)}.mp4"  # the last may have come before the observer
            fence.symlink_to("nowhere")
            fences.add(fence)
            return False

        self.until(is_noticed)


Watching = Callable[..., Watch]


def put(path: Path, content: bytes = b"film") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


def observation_of(here: Watch, root: Path) -> Observation:
    found = here.watcher._roots._roots[str(root)].observation
    assert found is not None
    return found
