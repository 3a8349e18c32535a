"""Commands that the interface asks for are real ones, and end by themselves."""

from __future__ import annotations

import os
import queue
import re
import shutil
import sys
from pathlib import Path
from typing import Any

import pytest

from mediaindex import cli
from mediaindex_tui.finder.commands import start_command
from mediaindex_tui.messages import CommandTold, Notice, SubmitRequest
from tests.support.finders import AtDesk
from tests.support.waiting import WAIT_SECONDS


def test_a_command_is_carried_out(cold: AtDesk) -> None:
    cold.inbox.put(SubmitRequest(("check",)))
    assert cold.wait(Notice) == Notice("asked: check")
    assert cold.wait(Notice) == Notice("done: check")


def test_a_command_that_fails_says_why(library: Path) -> None:
    told: queue.Queue[Any] = queue.Queue()
    start_command(SubmitRequest(("models", "use", "no-such\x1b")), library, told.put)
    assert told.get(timeout=WAIT_SECONDS) == Notice(r"asked: models use no-such\x1b")
    end = told.get(timeout=WAIT_SECONDS)
    assert end.is_error
    assert end.text.startswith(r"models use no-such\x1b failed: ")
    assert "\x1b" not in end.text


def test_a_command_that_cannot_be_started_is_said(library: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", "/no/such/python")
    told: list[object] = []
    start_command(SubmitRequest(("check",)), library, told.append)
    assert told == [Notice("check cannot be started: No such file or directory", is_error=True)]


def test_a_retry_that_fails_names_the_file_by_its_bytes_and_the_reason(
    tmp_path: Path, films: Path, library: Path
) -> None:
    shutil.copytree(films, tmp_path / "Films")
    damaged = os.fsencode(tmp_path) + b"/Films/caf\xe9.mp4"
    Path(os.fsdecode(damaged)).write_bytes(b"no film")
    assert cli.main(["index", str(tmp_path / "Films"), "--library", str(library)]) != 0
    told: queue.Queue[Any] = queue.Queue()
    start_command(SubmitRequest(("retry",), (damaged,)), library, told.put)
    assert told.get(timeout=WAIT_SECONDS).text == rf"asked: retry {tmp_path}/Films/caf\xe9.mp4"
    end = told.get(timeout=WAIT_SECONDS)
    assert end.is_error
    assert re.search(r"failed: failed +.*/Films/caf\\xe9\.mp4: \w", end.text)


def test_what_a_command_prints_is_told_where_that_is_wanted(library: Path) -> None:
    told: queue.Queue[Any] = queue.Queue()
    start_command(SubmitRequest(("status",), shows=True), library, told.put)
    assert told.get(timeout=WAIT_SECONDS) == Notice("asked: status")
    shown = told.get(timeout=WAIT_SECONDS)
    assert isinstance(shown, CommandTold)
    assert shown.title == "status"
    assert any("2 videos" in line for line in shown.lines)
    assert told.get(timeout=WAIT_SECONDS) == Notice("done: status")


def test_a_long_command_is_named_by_its_beginning(library: Path) -> None:
    told: queue.Queue[Any] = queue.Queue()
    start_command(SubmitRequest(("no-such", "2", "3"), tuple(b"456789".split(b"7"))), library, told.put)
    assert told.get(timeout=WAIT_SECONDS).text == "asked: no-such 2 3 456 89"
    start_command(SubmitRequest(("no-such", "2", "3"), (b"4", b"5", b"6", b"7")), library, told.put)
    texts = [told.get(timeout=WAIT_SECONDS).text for _ in range(3)]
    assert "asked: no-such 2 3 4 5 6 …" in texts
