"""One root under observation: the kernel tells of changes where it can, else the root is polled.

Only what is behind a linked folder is never told: a scan finds it.
"""

from __future__ import annotations

import errno
import logging
import os
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from watchdog import events
from watchdog.observers.api import BaseObserver
from watchdog.observers.polling import PollingEmitter

from mediaindex.sources.places.volumes import volume_of

if TYPE_CHECKING:
    from mediaindex.sources.watch.inotify import Inotify

logger = logging.getLogger(__name__)

# A poll may take this share of the time: a large tree over a slow network is polled less often.
POLL_SHARE = 0.05
MAX_DEPTH = 200  # of folders below a root: watchdog recurses

OnChange = Callable[[str, bool], None]

# All but reading: what the indexer itself opens and closes is no change.
_CHANGES: list[type[events.FileSystemEvent]] = [
    events.FileCreatedEvent,
    events.FileModifiedEvent,
    events.FileMovedEvent,
    events.FileDeletedEvent,
    events.FileClosedEvent,
    events.FileAttribEvent,
    events.DirCreatedEvent,
    events.DirMovedEvent,
    events.DirDeletedEvent,
    events.DirAttribEvent,
]


@dataclass(frozen=True, slots=True)
class Observation:
    """An observer at work on one folder.

    Attributes:
        polled: why the folder is polled, in words; None where the kernel tells.
    """

    folder: str
    recursive: bool
    polled: str | None
    observer: BaseObserver
    inotify: Inotify | None = None

    def is_alive(self) -> bool:
        """Whether changes are still told: watchdog's threads end where the folder is deleted."""
        threads = [self.observer, *self.observer.emitters, *([self.inotify] if self.inotify else [])]
        return all(thread.is_alive() for thread in threads)

    def has_overflowed(self) -> bool:
        """Whether the kernel dropped events since the last call."""
        if self.inotify is None or not self.inotify.overflowed:
            return False
        self.inotify.overflowed = False
        return True

    def is_refused(self) -> bool:
        """Whether the kernel refused to watch some folder."""
        return self.inotify is not None and self.inotify.refused

    def is_unmounted(self) -> bool:
        """Whether a file system that the kernel watched is gone, even if another is in its place."""
        return self.inotify is not None and self.inotify.unmounted

    def unwatched(self) -> int:
        """How many folders lack a watch: those on disk, less those that the kernel holds."""
        if self.inotify is None or not self.recursive:
            return 0
        folders = _count_folders(self.folder)
        return max(0, folders - self.inotify.watch_count())

    def stop(self) -> None:
        """End it, with its threads."""
        self.observer.stop()
        self.observer.join()


def observe(folder: str, on_change: OnChange, *, recursive: bool, poll_seconds: float) -> Observation:
    """Observe a folder, by the kernel where it tells of all changes there, else by polling.

    Args:
        folder: a real path.
        on_change: called in a thread of the observer with each path that changed, and whether it is a folder.
        recursive: also all folders below.

    Raises:
        OSError: the folder is gone or cannot be read.
    """
    reason = _network(folder)
    if reason is None:
        observation = _by_kernel(folder, on_change, recursive=recursive)
        if not isinstance(observation, str):
            return observation
        reason = observation
        logger.warning("%s is polled every %g s: %s", folder, poll_seconds, reason)
    return _by_polling(
        folder,
        on_change,
        f"polled every {poll_seconds:g} s: {reason}",
        recursive=recursive,
        poll_seconds=poll_seconds,
    )


def _network(folder: str) -> str | None:
    volume = volume_of(Path(folder))
    if volume.kind != "network":
        return None
    return f"a network file system ({volume.file_system}) does not tell what others change"


def _limit_reached(number: int) -> str:
    from mediaindex.sources.watch.inotify import limit

    name = "fs.inotify.max_user_watches" if number == errno.ENOSPC else "fs.inotify.max_user_instances"
    now = limit(name)
    return f"the limit {name} = {now} is reached; raise it with: sudo sysctl {name}={2 * now}"


def _by_kernel(folder: str, on_change: OnChange, *, recursive: bool) -> Observation | str:
    """The observation, or why the kernel cannot tell of everything, in words."""
    try:
        observation = _started(_kernel_observation(folder, recursive=recursive), on_change)
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EMFILE):
            raise
        return _limit_reached(error.errno)
    except RecursionError:
        return "its folders lie too deep in each other to be watched"
    if not observation.is_refused():
        return observation
    observation.stop()
    return _limit_reached(errno.ENOSPC)


def _kernel_observation(folder: str, *, recursive: bool) -> Observation:
    return _by_inotify(folder, recursive) if sys.platform == "linux" else _by_system(folder, recursive)


def _by_inotify(folder: str, recursive: bool) -> Observation:
    from mediaindex.sources.watch.inotify import InotifyObserver

    observer = InotifyObserver()
    return Observation(folder, recursive, None, observer, observer.inotify)


def _by_system(folder: str, recursive: bool) -> Observation:
    from watchdog.observers import Observer

    return Observation(folder, recursive, None, Observer())


def _by_polling(
    folder: str, on_change: OnChange, reason: str, *, recursive: bool, poll_seconds: float
) -> Observation:
    # Links are not followed: a loop of them has no end.
    observer = BaseObserver(_Poller, timeout=poll_seconds, stat=os.lstat, listdir=_Listing(folder))
    return _started(Observation(folder, recursive, reason, observer), on_change)


def _started(observation: Observation, on_change: OnChange) -> Observation:
    observer = observation.observer
    observer.start()
    try:
        observer.schedule(
            _Handler(on_change), observation.folder, recursive=observation.recursive, event_filter=_CHANGES
        )
    except BaseException:
        observation.stop()
        raise
    return observation


class _Handler(events.FileSystemEventHandler):
    def __init__(self, on_change: OnChange) -> None:
        self._on_change = on_change

    def dispatch(self, event: events.FileSystemEvent) -> None:
        for path in (event.src_path, event.dest_path):
            if path:
                self._on_change(os.fsdecode(path), event.is_directory)


class _Poller(PollingEmitter):
    """watchdog's poller, that takes no more than its share of the time."""

    _took_seconds = 0.0

    def queue_events(self, timeout: float) -> None:
        pause = max(timeout, self._took_seconds / POLL_SHARE)
        began = time.monotonic()
        super().queue_events(pause)
        self._took_seconds = max(0.0, time.monotonic() - began - pause)


class _Listing:
    """What a folder holds; of one too deep below the top, nothing."""

    def __init__(self, top: str) -> None:
        self._deepest = top.count("/") + MAX_DEPTH

    def __call__(self, folder: str | None) -> Iterator[os.DirEntry[str]]:
        if folder is None or folder.count("/") > self._deepest:
            return
        with os.scandir(folder) as entries:
            yield from entries


def _count_folders(top: str) -> int:
    """The readable folders at and below a path, each once however often it is mounted."""
    found: set[tuple[int, int] | str] = set()
    pending = [top]
    while pending:
        folder = pending.pop()
        try:
            status = os.stat(folder)
            with os.scandir(folder) as entries:
                below = [entry.path for entry in entries if entry.is_dir(follow_symlinks=False)]
        except OSError:
            continue
        key = (status.st_dev, status.st_ino) if status.st_ino else folder
        if key not in found:
            found.add(key)
            pending.extend(below)
    return len(found)
