from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from mediaindex_tui import jobs
from tests.support.waiting import until


def test_a_watcher_has_a_process_group_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = tmp_path / "python"
    program.write_text(
        f'#!/bin/sh\necho "$@" > {tmp_path}/told.new\nmv {tmp_path}/told.new {tmp_path}/told\n'
    )
    program.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(program))
    group = os.getpgrp()
    ends: list[str | None] = []
    process = jobs.start_watching(tmp_path / "Films", tmp_path / "library", ends.append)
    assert process != group
    until((tmp_path / "told").exists)
    assert (tmp_path / "told").read_text() == (
        f"-m mediaindex watch {tmp_path}/Films --library {tmp_path}/library\n"
    )
    until(lambda: ends)
    assert ends == [None]


def test_why_a_watcher_failed_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = tmp_path / "python"
    program.write_text("#!/bin/sh\nprintf 'first\\nno room \\033[31m\\n\\n' >&2\nexit 6\n")
    program.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(program))
    ends: list[str | None] = []
    jobs.start_watching(tmp_path / "Films", tmp_path / "library", ends.append)
    until(lambda: ends)
    assert ends == [r"no room \x1b[31m"]


def test_a_watcher_that_cannot_be_started_raises(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", str(tmp_path / "nothing"))
    with pytest.raises(FileNotFoundError):
        jobs.start_watching(tmp_path, tmp_path / "library", lambda _reason: None)


def test_which_commands_this_installation_has() -> None:
    assert jobs.has_command("search")
    assert not jobs.has_command("no_such_command")
