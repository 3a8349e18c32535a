"""Disks under a watcher: one that fills up, and one that is unplugged and comes back at another place."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.support.commands import Commands, process, use_these_encoders
from tests.support.drives import mounted
from tests.support.films import film
from tests.support.waiting import WAIT_SECONDS, until

pytestmark = [pytest.mark.kill, pytest.mark.timeout(600)]


@pytest.fixture(autouse=True)
def _encoders(monkeypatch: pytest.MonkeyPatch) -> None:
    use_these_encoders(monkeypatch)


class Watching:
    """`watch` in a process of its own, its events read from a file; no disk goes before it has ended."""

    def __init__(self, library: Path, *words: object) -> None:
        log = self._log = library.parent.with_name(f"{library.parent.name}.jsonl")
        with log.open("wb") as out, log.with_suffix(".err").open("wb") as err:
            self.process = process(
                "watch", *words, "--quiet-seconds", "0.5", "--json", library=library, stdout=out, stderr=err
            )

    def __enter__(self) -> Watching:
        return self

    def __exit__(self, *_: object) -> None:
        self.process.kill()
        self.process.wait()

    @property
    def events(self) -> list[dict[str, Any]]:
        whole = self._log.read_bytes().rpartition(b"\n")[0]
        return [json.loads(line) for line in whole.splitlines()]

    def passes(self) -> list[dict[str, Any]]:
        return [event for event in self.events if event["event"] == "looked"]

    def wait_for(self, condition: Callable[[], object]) -> None:
        try:
            until(condition, self.process)
        except AssertionError as error:
            error.add_note(f"{self.events}\n{self._log.with_suffix('.err').read_text()}")
            raise

    def stop(self) -> int:
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(WAIT_SECONDS)


def filler(path: Path, leave: int) -> Path:
    """A file that takes the free space of its disk but for some bytes."""
    space = os.statvfs(path.parent)
    with path.open("wb") as file:
        file.write(bytes(max(0, space.f_bavail * space.f_frsize - leave)))
    return path


def test_a_watcher_on_a_full_disk_says_so_and_goes_on_when_there_is_room(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    disk, videos = tmp_path / "disk", tmp_path / "videos"
    disk.mkdir()
    film(videos / "red.mp4", "red")
    with mounted("-t", "tmpfs", "-o", "size=24m", "tmpfs", disk):
        library = disk / "library"
        commands = Commands(library, capsys)
        with Watching(library, videos) as watch:
            watch.wait_for(watch.passes)
            hog = filler(disk / "hog", 64 * 1024)
            for colour in ("blue", "green", "yellow"):
                film(videos / f"{colour}.mp4", colour, "white", "black", size=(640, 480))
            watch.wait_for(lambda: watch.events[-1]["event"] == "paused")
            assert "free space" in watch.events[-1]["reason"]
            assert commands.files("red", "--channel", "pictures", "--limit", 1) == ["red.mp4"]
            hog.unlink()
            watch.wait_for(
                lambda: commands("status")["videos"] == 4 and watch.events[-1]["event"] == "looked"
            )
            assert watch.stop() == 0
        assert commands("check")["problems"] == []
        assert commands("index", videos)["unchanged"] == 4


def test_an_index_that_finds_no_room_returns_7_and_the_next_goes_on(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    disk, videos = tmp_path / "disk", tmp_path / "videos"
    disk.mkdir()
    for colour in ("blue", "green", "yellow"):
        film(videos / f"{colour}.mp4", colour, "white", "black", size=(640, 480))
    with mounted("-t", "tmpfs", "-o", "size=24m", "tmpfs", disk):
        commands = Commands(disk / "library", capsys)
        commands("index", film(tmp_path / "first" / "red.mp4", "red").parent)
        hog = filler(disk / "hog", 64 * 1024)
        assert commands.text("index", videos).code == 7
        hog.unlink()
        assert commands("check")["problems"] == []
        assert commands("index", videos)["indexed"] == 3
        assert commands("check")["problems"] == []


def test_a_drive_unplugged_under_a_watcher_is_offline_and_known_elsewhere(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    first, second = tmp_path / "usb", tmp_path / "other place"
    first.mkdir()
    second.mkdir()
    (tmp_path / "here").mkdir()
    commands = Commands(tmp_path / "here" / "library", capsys)
    drive = formatted(tmp_path / "drive")

    def best() -> dict[str, Any]:
        return commands.hits("red", "--channel", "pictures", "--limit", 1)[0]

    with contextlib.ExitStack() as stack:
        stack.enter_context(mounted("-o", "loop", drive, first))
        for colour in ("red", "blue", "green", "yellow"):
            film(first / "films" / f"{colour}.mp4", colour)
        watch = stack.enter_context(Watching(commands.library, first))
        watch.wait_for(watch.passes)
        assert watch.passes()[0]["decoded"] == 4
        unmount(first)
        # That it went tells nobody: the watcher looks at the mounts itself.
        watch.wait_for(lambda: watch.passes()[-1]["offline"] == 4)
        assert (Path(best()["path"]).name, best()["online"]) == ("red.mp4", False)
        status = commands("status")
        assert (status["offline"], status["missing"]) == (4, 0)
        assert commands("sources", "list")["sources"][0]["held_since"] is None
        with mounted("-o", "loop", drive, second):
            watch.wait_for(lambda: best()["online"])
            assert Path(best()["path"]) == second / "films" / "red.mp4"
            film(second / "films" / "white.mp4", "white")
            watch.wait_for(lambda: sum(event["decoded"] for event in watch.passes()) == 5)
            assert "white.mp4" in commands.files("white", "--channel", "pictures")
            assert watch.stop() == 0
    assert sum(event["decoded"] for event in watch.passes()) == 5
    assert commands("check")["problems"] == []


def test_an_empty_mount_point_deletes_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    root, aside = tmp_path / "videos", tmp_path / "aside"
    for colour in ("red", "blue", "green", "yellow"):
        film(root / f"{colour}.mp4", colour)
    (tmp_path / "here").mkdir()
    commands = Commands(tmp_path / "here" / "library", capsys)
    with Watching(commands.library, root) as watch:
        watch.wait_for(watch.passes)
        root.rename(aside)
        root.mkdir()
        with mounted("-t", "tmpfs", "-o", "size=1m", "tmpfs", root):
            watch.wait_for(lambda: watch.passes()[-1]["offline"] == 4)
            assert commands("status")["missing"] == 0
            assert commands.hits("red", "--channel", "pictures", "--limit", 1)[0]["online"] is False
            assert commands("status")["videos"] == 4
            unmount(root)
        root.rmdir()
        aside.rename(root)
        watch.wait_for(lambda: watch.passes()[-1]["offline"] == 0)
        assert commands("sources", "list")["sources"][0]["held_since"] is None
        assert watch.stop() == 0
    assert sum(event["decoded"] for event in watch.passes()) == 4


def unmount(folder: Path) -> None:
    """Take a mount off as a person pulls a plug: whoever still has files open keeps them."""
    subprocess.run(["umount", "--lazy", str(folder)], check=True)


def formatted(image: Path) -> Path:
    """A small disk in a file; the test is skipped where none can be made."""
    if shutil.which("mke2fs") is None:
        pytest.skip("mke2fs is not here")
    with image.open("wb") as file:
        file.truncate(16 * 1024 * 1024)
    subprocess.run(["mke2fs", "-q", "-t", "ext4", str(image)], check=True)
    return image
