"""The watched roots: which observer tells of each, and what could have hidden a change from it.

A root may be a folder or a file, be absent and come back, be a link, and lie in another root. Only its
folder's identity tells an unmounted disk from an empty one, since an unmount makes no event.
"""

from __future__ import annotations

import logging
import os
import stat
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from mediaindex.sources.path_tree import lies_below, overlap
from mediaindex.sources.places.presence import presence_of
from mediaindex.sources.watch.mount_table import MountTable
from mediaindex.sources.watch.observer import Observation, observe

logger = logging.getLogger(__name__)

NEW = "it is watched from now on"
GONE = "it is gone"
UNREADABLE = "it cannot be read"
BACK = "it is there again"
REPLACED = "another file system or folder is in its place"
OVERFLOW = "changes came faster than the system tells them"
ENDED = "its observer had ended"
UNMOUNTED = "a file system was unmounted below it"
REFUSED = "the system refused to watch more folders"


@dataclass(frozen=True, slots=True)
class _Look:
    """What a root is at one moment: where it really lies, and what is there."""

    real: str
    device: int
    inode: int
    is_folder: bool


@dataclass(slots=True, eq=False)
class _Root:
    path: str
    look: _Look | None
    observation: Observation | None = None
    observed_by: _Root | None = None
    trouble: str | None = None


class Roots:
    """The roots and their observers. For one thread.

    Args:
        on_change: called by the observers' threads with each path that changed, named as below its root.
        concerns: whether a change of a real path, which is a folder or not, concerns anyone.
        poll_seconds: between two polls of a root for which the kernel reports no events.
        count_seconds: between two counts of the watches against the folders.
    """

    def __init__(
        self,
        on_change: Callable[[str], None],
        concerns: Callable[[str, bool], bool],
        *,
        poll_seconds: float,
        count_seconds: float,
    ) -> None:
        self._on_change = on_change
        self._concerns = concerns
        self._poll_seconds = poll_seconds
        self._count_seconds = count_seconds
        self._roots: dict[str, _Root] = {}
        self._mounts = MountTable()
        self._counted = time.monotonic()
        self._doubts: dict[Path, str] = {}

    def add(self, path: str) -> None:
        """Observe one more root."""
        if path not in self._roots:
            self._roots[path] = _Root(path, _look(path))
            self._doubt(self._roots[path], NEW)
            self._arrange()

    def remove(self, path: str) -> None:
        """Observe a root no longer; one that lies in it goes on."""
        root = self._roots.pop(path, None)
        if root is not None:
            self._doubts.pop(Path(path), None)
            _release(root)
            self._arrange()

    def close(self) -> None:
        """End every observer."""
        for path in list(self._roots):
            _release(self._roots.pop(path))

    @property
    def paths(self) -> frozenset[str]:
        """The roots."""
        return frozenset(self._roots)

    @property
    def observed(self) -> Mapping[Path, str | None]:
        """Each root with None where the kernel tells of changes, else why not, in words."""
        return {Path(path): _state(root) for path, root in self._roots.items()}

    def doubts(self) -> dict[Path, str]:
        """The roots whose events no longer tell all, with the reason; each is given once."""
        doubts, self._doubts = self._doubts, {}
        return doubts

    def check(self) -> None:
        """Look at the mounts, at what the roots are, and at their observers, and mend what is broken."""
        mounts = self._mounts.changed()
        counting = time.monotonic() - self._counted >= self._count_seconds
        for root in self._roots.values():
            if (reason := _doubt_about(root, mounts, counting=counting)) is not None:
                self._doubt(root, reason)
        if counting:
            self._counted = time.monotonic()
        self._arrange()

    def _doubt(self, root: _Root, reason: str) -> None:
        logger.info("%s is to be scanned: %s", root.path, reason)
        for other in self._roots.values():
            if other is root or other.observed_by is root:
                self._doubts.setdefault(Path(other.path), reason)

    def _arrange(self) -> None:
        """Have each root observed that is there, and each folder once."""
        observing: list[_Root] = []
        present = [(root.look.real.count("/"), root) for root in self._roots.values() if root.look]
        for _depth, root in sorted(present, key=lambda found: found[0]):
            root.observed_by = next((other for other in observing if _covers(other, root)), None)
            if root.observed_by is not None:
                _release(root)
            elif root.observation is None:
                self._observe(root)
            if root.observation is not None:
                observing.append(root)

    def _observe(self, root: _Root) -> None:
        look = root.look
        assert look is not None

        def on_change(path: str, is_folder: bool) -> None:
            below = path[len(look.real) :].lstrip("/")
            if below and lies_below(path, look.real) and self._concerns(path, is_folder):
                self._on_change(os.path.join(root.path, below))
            elif path == look.real and not look.is_folder:  # what a folder is itself, `check` sees
                self._on_change(root.path)

        folder = look.real if look.is_folder else os.path.dirname(look.real)
        try:
            root.observation = observe(
                folder, on_change, recursive=look.is_folder, poll_seconds=self._poll_seconds
            )
        except OSError as error:
            root.trouble = error.strerror or str(error)
        else:
            root.trouble = None
            self._doubt(root, NEW)


def _doubt_about(root: _Root, mounts: Iterable[str], *, counting: bool) -> str | None:
    """Why a root's events do not tell all, None if they do; an observer that needs a new start is ended."""
    before, root.look = root.look, _look(root.path)
    if root.look != before:
        _release(root)
        if root.look is None:
            return GONE if presence_of(root.path) == "absent" else UNREADABLE
        return BACK if before is None else REPLACED
    observation = root.observation
    if root.look is None or observation is None:
        return None
    if observation.has_overflowed():
        return OVERFLOW
    reason = _weakness(observation, root.look.real, mounts, counting=counting)
    if reason is not None:
        _release(root)
    return reason


def _weakness(observation: Observation, real: str, mounts: Iterable[str], *, counting: bool) -> str | None:
    """Why an observer must be started anew."""
    near = next((mount for mount in mounts if overlap(mount, real)), None)
    if near is not None:
        return f"a file system was mounted or unmounted at {near}"
    if observation.is_unmounted():
        return UNMOUNTED
    if not observation.is_alive():
        return ENDED
    if observation.is_refused():
        return REFUSED
    if counting and (unwatched := observation.unwatched()):
        return f"{unwatched} of its folders were not watched"
    return None


def _covers(outer: _Root, root: _Root) -> bool:
    """Whether the outer root's observer tells of the other root too."""
    if outer.look is None or root.look is None or not outer.look.is_folder:
        return False
    return outer.look.device == root.look.device and lies_below(root.look.real, outer.look.real)


def _state(root: _Root) -> str | None:
    if root.look is None:
        trouble = "is not there" if presence_of(root.path) == "absent" else "cannot be read"
        return f"it {trouble}; it is looked for all the time"
    if root.trouble is not None:
        return f"it cannot be watched ({root.trouble}), only scanned from time to time"
    observation = (root.observed_by or root).observation
    return None if observation is None else observation.polled


def _release(root: _Root) -> None:
    if root.observation is not None:
        root.observation.stop()
    root.observation = None
    root.trouble = None


def _look(path: str) -> _Look | None:
    try:
        status = os.stat(path)
    except OSError:
        return None
    return _Look(os.path.realpath(path), status.st_dev, _inode(status), stat.S_ISDIR(status.st_mode))


def _inode(status: os.stat_result) -> int:
    """A folder's number; none of a file, which an atomic save replaces."""
    return status.st_ino if stat.S_ISDIR(status.st_mode) else 0
