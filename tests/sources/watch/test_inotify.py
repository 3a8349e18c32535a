"""Linux: what the kernel drops, refuses and ends is admitted."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from tests.support.watching import Watch, Watching, observation_of, put

if sys.platform != "linux":
    pytest.skip("inotify is Linux's", allow_module_level=True)

from watchdog.observers.inotify_c import InotifyConstants, InotifyEvent, WatchDescriptor, inotify_rm_watch

from mediaindex.sources.watch.inotify import Inotify, limit

QUEUE = limit("fs.inotify.max_queued_events")


def inotify_of(here: Watch, root: Path) -> Inotify:
    found = observation_of(here, root).inotify
    assert found is not None
    return found


@pytest.mark.skipif(QUEUE > 50_000, reason="the queue here is too long to be filled")
def test_a_queue_that_overflows_calls_for_a_scan(watch: Watching, root: Path) -> None:
    here = watch(root)
    with inotify_of(here, root)._lock:  # its reader stands still
        # Each makes two events; the reader may have taken some before it stood still.
        for number in range(QUEUE):
            os.close(os.open(root / f"{number}.mp4", os.O_CREAT | os.O_WRONLY))
    assert "faster" in here.rescanned(root)
    here.settle()
    here.told(put(root / "later/film.mp4"))


def test_an_overflow_that_the_kernel_reports_is_told_once(watch: Watching, root: Path) -> None:
    (root / "deep").mkdir()
    here = watch(root)
    inotify_of(here, root).handle_event(
        InotifyEvent(WatchDescriptor(-1), InotifyConstants.IN_Q_OVERFLOW, 0, b"")
    )
    assert "faster" in here.rescanned(root)
    here.told(put(root / "deep/film.mp4"))
    assert not here.rescan


def test_a_folder_without_a_watch_is_found_by_counting(watch: Watching, root: Path) -> None:
    (root / "a/b").mkdir(parents=True)
    here = watch(root, count_seconds=0.1)
    here.settle()
    inotify = inotify_of(here, root)
    assert inotify.watch_count() == 3
    lost = max(inotify._watch_for_wd)
    inotify_rm_watch(inotify._inotify_fd, lost)
    assert here.rescanned(root) == "1 of its folders were not watched"
    assert inotify_of(here, root) is not inotify
    here.told(put(root / "a/b/film.mp4"))


def test_a_limit_is_read_from_the_system() -> None:
    assert limit("fs.inotify.max_user_watches") > 0
    with pytest.raises(FileNotFoundError):
        limit("fs.inotify.no_such_limit")


def test_an_unmount_is_remembered_and_is_no_overflow() -> None:
    inotify = Inotify()
    try:
        inotify.handle_event(InotifyEvent(WatchDescriptor(-1), InotifyConstants.IN_UNMOUNT, 0, b""))
        assert (inotify.unmounted, inotify.overflowed, inotify.refused) == (True, False, False)
        assert inotify.watch_count() == 0
    finally:
        inotify.stop()
