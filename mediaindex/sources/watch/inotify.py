"""Linux: an inotify instance that admits what it missed, lost, and was not allowed to watch.

The kernel drops events when its queue is full, refuses a watch beyond a user's limit, and ends the watches
of a file system that is unmounted; watchdog logs the first and is silent about the others.
"""

from __future__ import annotations

import errno
import os
from pathlib import Path

from watchdog.observers.api import BaseObserver
from watchdog.observers.inotify import InotifyEmitter, InotifyWatchGroup
from watchdog.observers.inotify_c import (
    CallbackId,
    InotifyConstants,
    InotifyEvent,
    InotifyFD,
    Mask,
    WatchCallback,
    WatchDescriptor,
)

SYSCTL = Path("/proc/sys")


class Inotify(InotifyFD):
    """One instance, for one root.

    Attributes:
        overflowed: events were dropped since this was last set to False.
        refused: a folder is not watched because the user's limit is reached.
        unmounted: folders are watched no longer because their file system is gone.
    """

    def __init__(self) -> None:
        super().__init__()
        self.overflowed = False
        self.refused = False
        self.unmounted = False

    def _add_callback(
        self, path: bytes, mask: Mask, callback: WatchCallback, id_: CallbackId
    ) -> WatchDescriptor:
        """Watch one folder; watchdog goes on without it where this fails.

        A folder that is copied in is met twice, by its event and by the walk of the folder above, of which
        watchdog warns; the second watch is the first.
        """
        try:
            watch = self._get_or_create_watch(path, mask)
        except OSError as error:
            self.refused = self.refused or error.errno == errno.ENOSPC
            raise
        watch.callbacks[id_] = callback
        return watch.wd

    def handle_event(self, event: InotifyEvent) -> None:
        """Pass an event on; after an overflow, watchdog has watched every folder anew first."""
        super().handle_event(event)
        self.overflowed = self.overflowed or event.is_queue_overflow
        self.unmounted = self.unmounted or bool(event.mask & InotifyConstants.IN_UNMOUNT)

    def watch_count(self) -> int:
        """How many folders the kernel watches for this instance."""
        lines = Path(f"/proc/self/fdinfo/{self._inotify_fd}").read_text().splitlines()
        return sum(line.startswith("inotify wd:") for line in lines)


class WatchGroup(InotifyWatchGroup):
    """The watches below one folder, which end for a folder that is moved away.

    watchdog keeps them under the old name. Another folder may take that name, and what happens to the one
    then passes for the other's: events are told at wrong paths, and a name that is forgotten twice raises
    KeyError, after which the instance's thread is dead and a stop waits for ever.
    """

    def on_event(self, event: InotifyEvent) -> None:
        """Pass an event on; a folder that turns up again below the root is watched anew, and told whole."""
        if event.is_moved_from and event.is_directory:
            with self._lock:
                path = self._build_event_source_path(event)
                if path is not None:
                    self._forget(path)
        super().on_event(event)

    def _forget(self, folder: bytes) -> None:
        inside = folder + b"/"
        watches = self._active_callbacks_by_path.items()
        self._remove_callbacks([wd for path, wd in watches if path == folder or path.startswith(inside)])

    def _remove_watch_internally(self, wd: WatchDescriptor) -> None:
        """Forget a watch, and its path where that is still its own: dropped events can leave it another's."""
        path = self._active_callbacks_by_watch.pop(wd, None)
        if path is not None and self._active_callbacks_by_path.get(path) == wd:
            del self._active_callbacks_by_path[path]


class Emitter(InotifyEmitter):
    """watchdog's emitter over a `WatchGroup`."""

    def on_thread_start(self) -> None:
        """Watch the folder."""
        self._inotify = WatchGroup(
            self._inotify_fd,
            os.fsencode(self.watch.path),
            is_recursive=self.watch.is_recursive,
            event_mask=self.get_event_mask_from_filter(),
            follow_symlink=self.watch.follow_symlink,
        )


class InotifyObserver(BaseObserver):
    """watchdog's observer over an `Inotify` of its own.

    Raises:
        OSError: the user may have no further instance (EMFILE).
    """

    def __init__(self) -> None:
        self.inotify = Inotify()
        self.inotify.start()
        super().__init__(Emitter, inotify_fd=self.inotify)

    def on_thread_stop(self) -> None:
        """End the instance with the observer."""
        super().on_thread_stop()
        self.inotify.stop()
        self.inotify.join()


def limit(name: str) -> int:
    """The system's value of a limit such as `fs.inotify.max_user_watches`."""
    return int((SYSCTL / name.replace(".", "/")).read_text())
