"""Linux: an inotify instance that admits what it missed, lost, and was not allowed to watch.

The kernel drops events when its queue is full, refuses a watch beyond a user's limit, and ends the watches
of a file system that is unmounted; watchdog logs the first and is silent about the others.
"""

from __future__ import annotations

import errno
from pathlib import Path

from watchdog.observers.api import BaseObserver
from watchdog.observers.inotify import InotifyEmitter
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

    def held(self) -> int:
        """How many folders the kernel watches for this instance."""
        lines = Path(f"/proc/self/fdinfo/{self._inotify_fd}").read_text().splitlines()
        return sum(line.startswith("inotify wd:") for line in lines)


class InotifyObserver(BaseObserver):
    """watchdog's observer over an `Inotify` of its own.

    Raises:
        OSError: the user may have no further instance (EMFILE).
    """

    def __init__(self) -> None:
        self.inotify = Inotify()
        self.inotify.start()
        super().__init__(InotifyEmitter, inotify_fd=self.inotify)

    def on_thread_stop(self) -> None:
        """End the instance with the observer."""
        super().on_thread_stop()
        self.inotify.stop()
        self.inotify.join()


def limit(name: str) -> int:
    """The system's value of a limit such as `fs.inotify.max_user_watches`."""
    return int((SYSCTL / name.replace(".", "/")).read_text())
