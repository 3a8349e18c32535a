"""What the status line and the library screen are told."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Any

import pytest

from mediaindex.ingest.writer import queue
from mediaindex.ingest.writer.requests import RetryRequest
from mediaindex.store.catalog.schema import failure, volume
from mediaindex.store.library import open_library
from mediaindex.store.state import set_pause, set_watch_state
from mediaindex_tui.messages import LibraryTold, Status, WantLibrary, WantStatus
from tests.support.finders import AtDesk


def test_the_library_is_counted(cold: AtDesk) -> None:
    status = cold.one(Status, WantStatus())
    assert (status.videos, status.marks, status.failures, status.offline) == (2, 0, 0, ())
    assert status.seconds == pytest.approx(18.0, abs=1.0)
    assert (status.watcher, status.is_watching) == ("", False)


def test_volumes_that_are_away_and_failures_are_told(cold: AtDesk, library: Path) -> None:
    with open_library(library) as opened, opened.write() as connection:
        connection.execute(volume.update().values(uid="away", label="Back\x1bup"))
        values: dict[str, Any] = {
            "path": Path("/dead.mp4"),
            "stage": "decode",
            "state": "dead",
            "attempts": 2,
        }
        values |= {"reason": "no frame", "size": 1, "mtime_ns": 1, "decoder": "pyav", "updated_at": 0.0}
        connection.execute(failure.insert().values(**values))
    status = cold.one(Status, WantStatus())
    assert (status.offline, status.failures) == ((r"Back\x1bup",), 1)


def watch_state(progress: dict[str, Any] | None, **values: Any) -> dict[str, Any]:
    state = {"pid": os.getpid(), "since": 1.0, "state": "working", "reason": None, "told_at": 1.0}
    return {**state, "progress": progress, **values}


@pytest.mark.parametrize(
    ("state", "words"),
    [
        (watch_state(None, state="waiting"), "ready"),
        (watch_state({"stage": "scanning", "done": 4, "total": None}), "scanning 4"),
        (
            watch_state({"stage": "indexing", "done": 3, "total": 12, "outlook": {"ready_at": 60_000.0}}),
            f"indexing 3 of 12, ready {time.strftime('%H:%M', time.localtime(60_000.0))}",
        ),
        (watch_state(None, state="paused", reason="on battery"), "paused: on battery"),
    ],
)
def test_a_watcher_is_told_in_words(state: dict[str, Any], words: str, cold: AtDesk, library: Path) -> None:
    with open_library(library) as opened, opened.lock("watch"):
        with opened.write() as connection:
            set_watch_state(connection, state)
        status = cold.one(Status, WantStatus())
        assert (status.watcher, status.is_watching) == (words, True)
        with opened.write() as connection:
            set_pause(connection, by="the user")
        assert cold.one(Status, WantStatus()).watcher.startswith("paused")


def test_another_writer_is_told(cold: AtDesk, library: Path) -> None:
    with open_library(library) as opened, opened.lock():
        status = cold.one(Status, WantStatus())
        assert (status.watcher, status.is_watching) == (f"process {os.getpid()} is writing", False)


def test_the_library_screen_has_what_the_commands_print(cold: AtDesk, library: Path) -> None:
    cold.inbox.put(WantLibrary())
    told = cold.wait(LibraryTold)
    assert told.status["videos"] == 2
    assert told.status["library"] == str(library)
    assert told.watch["running"] is False
    assert told.models[0]["name"] == "builtin"
    assert told.models[0]["present"] is True
    assert told.counts == {"marks": 0, "captions": 0, "saved": 0, "history": 0}
    assert told.requests == []


def test_requests_are_told_with_their_numbers(cold: AtDesk, library: Path) -> None:
    with open_library(library) as opened:
        number = queue.submit(opened, RetryRequest(()))
    cold.inbox.put(WantLibrary())
    (row,) = cold.wait(LibraryTold).requests
    assert row == {"id": number, "kind": "retry", "state": "queued"}


def test_a_path_that_is_no_text_is_told_with_its_bytes(cold: AtDesk, library: Path) -> None:
    path = b"/caf\xe9\x1b.mp4"
    values: dict[str, Any] = {"path": Path(os.fsdecode(path)), "stage": "decode", "state": "dead"}
    values |= {"attempts": 2, "reason": "no frame", "size": 1, "mtime_ns": 1, "decoder": "pyav"}
    with open_library(library) as opened, opened.write() as connection:
        connection.execute(failure.insert().values(**values, updated_at=0.0))
    cold.inbox.put(WantLibrary())
    (told,) = cold.wait(LibraryTold).status["failures"]
    assert told["path"] == r"/caf\xe9\x1b.mp4"
    assert bytes.fromhex(told["path_bytes"]) == path
