"""One folder under observation: by the kernel where it can, else polled, with the reason in words."""

from __future__ import annotations

import errno
import itertools
import os
import queue
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.waiting import WAIT_SECONDS
from tests.support.watching import Watching, as_network, put

if sys.platform != "linux":
    pytest.skip("inotify is Linux's", allow_module_level=True)

from mediaindex.sources.watch import observer
from mediaindex.sources.watch.inotify import Inotify, limit
from mediaindex.sources.watch.observer import observe


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


def test_a_network_file_system_is_polled_with_its_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(observer, "volume_of", as_network)
    events: queue.Queue[tuple[str, bool]] = queue.Queue()
    observation = observe(str(tmp_path), lambda *event: events.put(event), recursive=True, poll_seconds=0.02)
    try:
        assert observation.polled == (
            "polled every 0.02 s: a network file system (nfs4) does not tell what others change"
        )
        assert observation.is_alive()
        assert not observation.has_overflowed()
        assert observation.unwatched() == 0
        film = put(tmp_path / "film.mp4")
        while events.get(timeout=WAIT_SECONDS) != (str(film), False):
            pass
    finally:
        observation.stop()
    assert not observation.is_alive()


def test_a_folder_that_is_observed_alone_is_not_told_of_what_lies_deeper(tmp_path: Path) -> None:
    (tmp_path / "below").mkdir()
    events: queue.Queue[tuple[str, bool]] = queue.Queue()
    observation = observe(str(tmp_path), lambda *event: events.put(event), recursive=False, poll_seconds=1.0)
    try:
        assert observation.polled is None
        put(tmp_path / "below/deep.mp4")
        film = put(tmp_path / "film.mp4")
        told = {events.get(timeout=WAIT_SECONDS)}
        while (str(film), False) not in told:
            told.add(events.get(timeout=WAIT_SECONDS))
    finally:
        observation.stop()
    assert str(tmp_path / "below/deep.mp4") not in {path for path, _is_folder in told}


def test_a_folder_that_is_gone_cannot_be_observed(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="No such file"):
        observe(str(tmp_path / "gone"), lambda *_: None, recursive=True, poll_seconds=1.0)
