"""What could hide a change from a watched root, each brought about for real where that is allowed."""

from __future__ import annotations

import errno
import itertools
import os
import subprocess
import sys
from pathlib import Path

import pytest

from mediaindex.sources.mount_listing import Mount, system_mounts
from mediaindex.sources.watch import mount_table, observer
from mediaindex.sources.watch.mount_table import MountTable
from mediaindex.sources.watch.observer import Observation
from tests.sources.watch.test_watcher import Watch, Watching, put, root, watch
from tests.support.drives import mounted

__all__ = ["root", "watch"]

if sys.platform != "linux":
    pytest.skip("inotify is Linux's", allow_module_level=True)

from watchdog.observers.inotify_c import InotifyConstants, InotifyEvent, WatchDescriptor, inotify_rm_watch

from mediaindex.sources.watch.inotify import Inotify, limit

QUEUE = limit("fs.inotify.max_queued_events")


def observation_of(here: Watch, root: Path) -> Observation:
    found = here.watcher._roots._roots[str(root)].observation
    assert found is not None
    return found


def inotify_of(here: Watch, root: Path) -> Inotify:
    found = observation_of(here, root).inotify
    assert found is not None
    return found


@pytest.mark.skipif(QUEUE > 50_000, reason="the queue here is too long to be filled")
def test_a_queue_that_overflows_calls_for_a_scan(watch: Watching, root: Path) -> None:
    here = watch(root)
    with inotify_of(here, root)._lock:  # its reader stands still
        for number in range(QUEUE // 2 + 100):  # created and closed: two events each
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
    assert inotify.held() == 3
    lost = max(inotify._watch_for_wd)
    inotify_rm_watch(inotify._inotify_fd, lost)
    assert here.rescanned(root) == "1 of its folders were not watched"
    assert inotify_of(here, root) is not inotify
    here.told(put(root / "a/b/film.mp4"))


def test_a_limit_of_watches_ends_in_polling_with_its_remedy(
    watch: Watching, root: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    for folder in "abc":
        (root / folder).mkdir()
    real = Inotify._get_or_create_watch
    allowed = itertools.count(1)

    def limited(self: Inotify, path: bytes, mask: object) -> object:
        if next(allowed) > 2:
            raise OSError(errno.ENOSPC, "inotify watch limit reached")
        return real(self, path, mask)  # type: ignore[arg-type]

    monkeypatch.setattr(Inotify, "_get_or_create_watch", limited)
    here = watch(root)
    reason = here.watcher.observed[root]
    assert reason is not None
    assert reason.startswith("polled every 0.05 s: the limit fs.inotify.max_user_watches = ")
    assert f"sudo sysctl fs.inotify.max_user_watches={2 * limit('fs.inotify.max_user_watches')}" in reason
    assert [record.levelname for record in caplog.records if "polled" in record.message] == ["WARNING"]
    here.told(put(root / "c/film.mp4"))


def test_a_limit_that_is_reached_later_ends_in_polling_too(
    watch: Watching, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = watch(root)

    def refused(self: Inotify, path: bytes, mask: object) -> object:
        raise OSError(errno.ENOSPC, "inotify watch limit reached")

    monkeypatch.setattr(Inotify, "_get_or_create_watch", refused)
    (root / "more").mkdir()
    assert "refused" in here.rescanned(root)
    assert "max_user_watches" in str(here.watcher.observed[root])
    here.told(put(root / "more/film.mp4"))


def test_a_limit_of_instances_ends_in_polling_with_its_remedy(
    watch: Watching, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(_: type[Inotify]) -> int:
        raise OSError(errno.EMFILE, "inotify instance limit reached")

    monkeypatch.setattr(Inotify, "_create_inotify_fd", classmethod(refused))
    here = watch(root)
    assert "max_user_instances" in str(here.watcher.observed[root])
    here.told(put(root / "film.mp4"))


def test_folders_too_deep_for_the_observer_are_left_to_the_scan(watch: Watching, root: Path) -> None:
    top, folder = root / "d", os.open(root, os.O_RDONLY)
    for _ in range(1050):
        os.mkdir("d", dir_fd=folder)
        below = os.open("d", os.O_RDONLY, dir_fd=folder)
        os.close(folder)
        folder = below
    os.close(folder)
    try:
        here = watch(root)
        assert "too deep" in str(here.watcher.observed[root])
        here.told(put(root / "film.mp4"))
    finally:
        subprocess.run(["rm", "-rf", top], check=True)  # Python's own way recurses


def test_a_root_that_cannot_be_watched_is_said_and_tried_again(
    watch: Watching, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(path: Path) -> object:
        raise OSError(errno.EIO, "Input/output error")

    with monkeypatch.context() as patch:
        patch.setattr(observer, "volume_of", broken)
        here = watch(root)
        assert "Input/output error" in str(here.watcher.observed[root])
    here.rescanned(root)
    assert here.watcher.observed[root] is None
    here.told(put(root / "film.mp4"))


def test_an_observer_that_ended_is_started_again(watch: Watching, root: Path) -> None:
    here = watch(root)
    for emitter in observation_of(here, root).observer.emitters:
        emitter.stop()
    assert here.rescanned(root) == "its observer had ended"
    here.told(put(root / "film.mp4"))


def test_a_drive_that_comes_and_goes_is_scanned_and_watched(watch: Watching, root: Path) -> None:
    inside = root / "card"
    inside.mkdir()
    here = watch(root, inside)
    with mounted("-t", "tmpfs", "none", inside):
        assert "mounted" in here.rescanned(root)
        here.rescanned(inside)
        here.settle()
        here.told(put(inside / "film.mp4"))
    here.forget()
    assert "mounted" in here.rescanned(root)
    here.rescanned(inside)
    here.settle()
    here.told(put(inside / "left.mp4"))


def test_a_drive_that_is_changed_for_another_at_once_is_noticed(watch: Watching, root: Path) -> None:
    with mounted("-t", "tmpfs", "none", root):
        here = watch(root, check_seconds=0.5)
        # The kernel gives the second the numbers of the first.
        subprocess.run(["umount", root], check=True)
        subprocess.run(["mount", "-t", "tmpfs", "none", root], check=True)
        here.rescanned(root)
        here.told(put(root / "film.mp4"))


def test_mounts_are_compared_with_the_last_look(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [Mount("/", "ext4", "/dev/sda1", 1), Mount("/card", "exfat", "/dev/sdb1", 2)]
    monkeypatch.setattr(mount_table, "system_mounts", lambda: tuple(now))
    table = MountTable()
    assert table.changed() == frozenset()
    now[1] = Mount("/card", "exfat", "/dev/sdb1", 3)
    assert table.changed() == {"/card"}
    del now[1]
    assert table.changed() == {"/card"}
    monkeypatch.setattr(mount_table, "LISTING_SECONDS", 3600.0)
    now.clear()
    assert table.changed() == frozenset()


def test_the_system_lists_its_mounts() -> None:
    assert "/" in {mount.mount_point for mount in system_mounts()}
