"""`watch` as a user starts, steers and stops it: real processes."""

from __future__ import annotations

import json
import os
import signal
from pathlib import Path
from typing import Any

import pytest

from mediaindex.cli.watch import described
from mediaindex.store.lock import holder
from tests.support.commands import Commands, process
from tests.support.films import film
from tests.support.waiting import WAIT_SECONDS, Running, until


@pytest.fixture(autouse=True)
def _impolite(monkeypatch: pytest.MonkeyPatch) -> None:
    """A watcher that gives way to the tests beside it would not be done in their time."""
    monkeypatch.setenv("MEDIAINDEX_NICE", "0")


class Watched:
    """A watcher that runs, and the events that it told."""

    def __init__(self, running: Running, told: Path) -> None:
        self.running = running
        self._told = told
        self._seen = 0

    @property
    def events(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self._told.read_text().splitlines() if line.endswith("}")]

    def until(self, event: str) -> dict[str, Any]:
        """The next event of this kind after the last that was waited for."""
        until(lambda: self._position(event) is not None, self.running)
        position = self._position(event)
        assert position is not None
        self._seen = position + 1
        return self.events[position]

    def _position(self, event: str) -> int | None:
        kinds = [told["event"] for told in self.events]
        return kinds.index(event, self._seen) if event in kinds[self._seen :] else None

    def stop(self) -> int:
        self.running.send_signal(signal.SIGTERM)
        return self.running.wait(WAIT_SECONDS)


@pytest.fixture
def watched(videos: Path, commands: Commands, tmp_path: Path) -> Watched:
    film(videos / "red.mp4", "red")
    told = tmp_path / "told"
    with told.open("w") as out, (tmp_path / "narration").open("w") as err:
        running = process(
            *("watch", videos, "--json", "--quiet-seconds", "0.2"),
            library=commands.library,
            stdout=out,
            stderr=err,
        )
    watched = Watched(running, told)
    watched.until("looked")
    return watched


def test_a_watcher_is_joined_steered_and_stopped(
    watched: Watched, videos: Path, commands: Commands, tmp_path: Path
) -> None:
    pid = watched.running.pid
    assert [event["event"] for event in watched.events] == ["started", "looking", "looked"]
    assert all(event["schema"] == 1 and event["time"] > 0 for event in watched.events)
    assert commands("status")["writer"] == {"pid": pid, "role": "watch"}
    assert commands.files("red") == ["red.mp4"]

    again = commands.text("watch")
    assert (again.code, again.out) == (3, "")
    assert f"pid {pid}" in again.err
    assert commands.text("watch", videos).code == 3

    other = film(tmp_path / "other" / "blue.mp4", "blue").parent
    added = commands("watch", other)
    assert (added["event"], added["pid"], added["sources"]) == ("added", pid, [str(other)])
    until(lambda: "blue.mp4" in commands.files("blue"), watched.running)

    # A file from the future is a file.
    os.utime(film(videos / "future.mp4", "green"), (4e9, 4e9))
    until(lambda: "future.mp4" in commands.files("green"), watched.running)

    assert commands("watch", "--pause")["paused"] is True
    assert watched.until("paused")["reason"] == "paused by the user"
    until(lambda: commands("watch", "--status")["state"] == "paused", watched.running)
    assert commands("watch", "--resume")["paused"] is False
    watched.until("resumed")
    assert commands("forget", other / "blue.mp4")["forgotten"] == [str(other / "blue.mp4")]
    assert commands.files("blue", "--channel", "words") == []

    assert watched.stop() == 0
    assert watched.events[-1]["event"] == "stopped"
    assert holder(commands.library / "lock") is None
    assert commands("check")["problems"] == []
    status = commands("watch", "--status")
    assert (status["running"], status["pid"]) == (False, None)
    assert (commands.library / "logs" / "mediaindex.log").exists()


def test_a_watcher_waits_behind_another_command(videos: Path, commands: Commands) -> None:
    from mediaindex.store.library import open_library

    commands("index", film(videos / "red.mp4", "red").parent)
    with open_library(commands.library) as library, library.lock():
        running = process("watch", library=commands.library)
        assert running.stderr is not None
        assert f"process {os.getpid()} is writing" in running.stderr.readline()
        running.send_signal(signal.SIGINT)
        running.communicate(timeout=WAIT_SECONDS)
    assert running.returncode == 130


def test_once_is_one_pass_over_all_sources(videos: Path, commands: Commands) -> None:
    film(videos / "red.mp4", "red")
    assert commands("watch", videos, "--once")["indexed"] == 1
    film(videos / "blue.mp4", "blue")
    assert commands("watch", "--once")["indexed"] == 1
    assert "1 indexed" not in commands.text("watch", "--once").out


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([], "nothing is watched yet"),
        (["{missing}"], "does not exist"),
        (["{file}"], "is no folder"),
        (["{library}"], "lies inside the library"),
        (["--pause", "{folder}"], "take no PATH"),
    ],
)
def test_what_cannot_be_watched_is_refused_in_one_line(
    arguments: list[str], words: str, videos: Path, commands: Commands, tmp_path: Path
) -> None:
    names = {
        "missing": tmp_path / "nowhere",
        "file": film(videos / "red.mp4", "red"),
        "folder": videos,
        "library": commands.library / "frames",
    }
    commands("index", videos)
    if not arguments:
        commands("sources", "remove", videos)
    ran = commands.text("watch", *(argument.format(**names) for argument in arguments))
    assert (ran.code, ran.out) == (2, "")
    assert words in ran.err
    assert len(ran.err.splitlines()) == 1


def test_a_person_reads_what_matters() -> None:
    report: dict[str, Any] = {
        **dict.fromkeys(("indexed", "moved", "copies", "offline", "decoded"), 0),
        "failed": [],
        "elapsed_seconds": 2.0,
    }
    assert described({"event": "started", "sources": ["/a", "/b"]}) == "watching /a, /b"
    assert described({"event": "looking", "why": "change"}) is None
    assert described({"event": "looked", "why": "rescan", **report}) is None
    assert described({"event": "looked", "why": "first", **report}) == "nothing is new; in 0:02"
    found = {**report, "indexed": 2, "decoded": 2, "failed": [{"path": "/x", "reason": "torn"}]}
    assert described({"event": "looked", "why": "change", **found}) == "2 indexed, failed /x: torn; in 0:02"
    assert described({"event": "paused", "reason": "on battery"}) == "waiting: on battery"
