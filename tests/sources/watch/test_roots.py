"""What could hide a change from a watched root, each brought about for real where that is allowed."""

from __future__ import annotations

import errno
import subprocess
import sys
from pathlib import Path

import pytest

from mediaindex.sources.watch import observer
from tests.support.drives import mounted
from tests.support.watching import Watching, observation_of, put

if sys.platform != "linux":
    pytest.skip("inotify is Linux's", allow_module_level=True)


from mediaindex.sources.watch.inotify import Inotify


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
