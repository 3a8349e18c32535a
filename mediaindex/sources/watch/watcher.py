"""Folders → changes: the paths that became quiet, and the roots that must be scanned in full.

The scan is the source of truth; events are hints that make it fast. Whatever could hide a change from
the kernel's events ends in a rescan of the root it happened in, with the reason in words: dropped events,
mounts that come and go, folders without a watch, a root that vanished, came back or was replaced. What
lies behind a linked folder is watched by nobody; only a scan finds it.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Self

from mediaindex.sources.filetypes import OTHER_EXTENSIONS, extension_of
from mediaindex.sources.ignore_file import IGNORE_FILE
from mediaindex.sources.path_tree import lies_below, outermost
from mediaindex.sources.rules import Rules, Scopes
from mediaindex.sources.sidecars import SUBTITLE_EXTENSIONS, sidecars_by_film
from mediaindex.sources.watch.debounce import Debouncer
from mediaindex.sources.watch.roots import Roots

CROWD = "so much changed that one look at everything is cheaper"
LINKED = "a link to a folder changed"
IGNORED = f"its {IGNORE_FILE} changed"


@dataclass(frozen=True, slots=True)
class Changes:
    """What is to be looked at.

    Attributes:
        paths: files and folders that became quiet, existing or gone, none below another or in a root
            of `rescan`. A film stands here also when its subtitle file changed.
        rescan: roots to be scanned in full, with the reason.
    """

    paths: tuple[Path, ...] = ()
    rescan: Mapping[Path, str] = field(default_factory=lambda: MappingProxyType({}))

    def __bool__(self) -> bool:
        return bool(self.paths or self.rescan)


class Watcher:
    """Watches folders and files until it is left. Apart from `wake`, for one thread.

    Each root stands in `rescan` when it is taken up, since anything may have happened since its last
    scan. Where roots overlap on one file system, each folder is watched once.

    Args:
        roots: none needs to exist.
        rules: exclusion rules; the defaults of `Rules` where None.
        quiet_seconds: so long a path is without an event, its size and time unchanged, before it is told.
        poll_seconds: between two polls of a root for which the kernel reports no events.
        check_seconds: between two looks at the mounts, and at what the roots are.
        count_seconds: between two counts of the watches against the folders.
    """

    def __init__(
        self,
        roots: Sequence[Path],
        *,
        rules: Rules | None = None,
        quiet_seconds: float = 2.0,
        poll_seconds: float = 30.0,
        check_seconds: float = 2.0,
        count_seconds: float = 600.0,
    ) -> None:
        self._rules = rules or Rules()
        self._pending = Debouncer(quiet_seconds)
        self._roots = Roots(
            self._pending.note, self._concerns, poll_seconds=poll_seconds, count_seconds=count_seconds
        )
        self._wanted = tuple(roots)
        self._check_seconds = check_seconds
        self._checked = time.monotonic()
        self._woken = False

    def __enter__(self) -> Self:
        for root in self._wanted:
            self.add(root)
        return self

    def __exit__(self, *_: object) -> None:
        self._roots.close()

    def add(self, root: Path) -> None:
        """Watch one more root; nothing happens where it is watched already."""
        self._roots.add(os.path.abspath(root))
        self._pending.tops = self._roots.paths

    def remove(self, root: Path) -> None:
        """Watch a root no longer; one that lies in it stays."""
        self._roots.remove(os.path.abspath(root))
        self._pending.tops = self._roots.paths

    @property
    def observed(self) -> Mapping[Path, str | None]:
        """Each root with None where the kernel tells of changes, else why not, in words."""
        return self._roots.observed

    def note(self, path: Path) -> None:
        """Treat a path as changed just now."""
        self._pending.note(os.path.abspath(path))

    def unsettled(self) -> frozenset[Path]:
        """Paths at which something goes on: what a scan finds there may be half written."""
        return frozenset(map(Path, self._pending.paths()))

    def wake(self) -> None:
        """Make a `wait` that goes on, or the next one, return at once. For any thread."""
        self._woken = True
        self._pending.wake()

    def wait(self, timeout: float) -> Changes:
        """What is to be looked at; empty if there is nothing within `timeout` seconds, or after `wake`."""
        deadline = time.monotonic() + timeout
        while True:
            if time.monotonic() - self._checked >= self._check_seconds:
                self._roots.check()
                self._checked = time.monotonic()
            changes = self._changes()
            left = deadline - time.monotonic()
            if changes or left <= 0 or self._woken:
                self._woken = False
                return changes
            self._pending.sleep(min(left, self._checked + self._check_seconds - time.monotonic()))

    def _concerns(self, path: str, is_folder: bool) -> bool:
        """Whether anyone wants to hear of a path, by its name alone: asked for every event."""
        if any(lies_below(path, folder) for folder in self._rules.apart):
            return False
        name = os.path.basename(path)
        if is_folder or name == IGNORE_FILE or _is_subtitle(name):
            return True
        return extension_of(name) not in OTHER_EXTENSIONS

    def _changes(self) -> Changes:
        rescan = self._roots.doubts()
        roots = self._roots.paths
        scopes = Scopes(self._rules, roots)
        paths: set[str] = set()
        for path in self._pending.settled():
            meant, reason = self._meaning(path, scopes)
            paths.update(meant)
            if reason is not None:
                rescan.update((Path(root), reason) for root in roots if lies_below(path, root))
        rescan.update((Path(root), CROWD) for root in paths & roots if os.path.isdir(root))
        left = (path for path in paths if not any(lies_below(path, root) for root in rescan))
        return Changes(tuple(map(Path, outermost(left))), MappingProxyType(rescan))

    def _meaning(self, path: str, scopes: Scopes) -> tuple[Iterable[str], str | None]:
        """The paths to look at because something happened at this one, or why its roots are to be scanned."""
        folder, name = os.path.split(path)
        if name == IGNORE_FILE:
            if folder in self._roots.paths:
                return (), IGNORED
            return ((folder,) if scopes.admit(folder, is_folder=True) else ()), None
        is_folder = os.path.isdir(path)
        if not scopes.admit(path, is_folder=is_folder):
            return (), None
        if is_folder and os.path.islink(path) and path not in self._roots.paths:
            return (), LINKED
        if _is_subtitle(name) and path not in self._roots.paths:
            return _films_of(folder, name), None
        return (path,), None


def _is_subtitle(name: str) -> bool:
    return f".{extension_of(name)}" in SUBTITLE_EXTENSIONS


def _films_of(folder: str, subtitle: str) -> list[str]:
    """The films that a subtitle file belongs to, by name; the file itself may be gone."""
    try:
        names = os.listdir(folder)
    except OSError:
        return []
    belongs = sidecars_by_film(Path(folder), sorted({*names, subtitle}))
    return [
        os.path.join(folder, film)
        for film, sidecars in belongs.items()
        if film in names and any(sidecar.path.name == subtitle for sidecar in sidecars)
    ]
