"""One writer at a time, and no file removed under one who copies."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from mediaindex.errors import NoSpace, WriterBusy
from mediaindex.store.lock import Holder, evaluation_lock, holder, keeping_files, removing_files, writer_lock
from tests.support.processes import start


def test_the_lock_is_held_once_and_names_its_holder(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    assert holder(path) is None
    with writer_lock(path):
        assert holder(path) == Holder(os.getpid(), "command")
        with pytest.raises(WriterBusy, match=str(os.getpid())), writer_lock(path):
            pass
    assert holder(path) is None


def test_the_lock_of_a_killed_process_is_free_at_once(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    code = (
        "import sys,pathlib\nfrom mediaindex.store.lock import writer_lock\n"
        f"with writer_lock(pathlib.Path({str(path)!r})):\n print('held', flush=True)\n sys.stdin.read()"
    )
    process = start([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    assert holder(path) == Holder(process.pid, "command")
    process.kill()
    process.wait()
    with writer_lock(path):
        pass


def test_one_evaluation_at_a_time_whoever_writes(tmp_path: Path) -> None:
    path = tmp_path / "evaluating"
    again = pytest.raises(WriterBusy, match=rf"another evaluation .* \(pid {os.getpid()}\)")
    with writer_lock(tmp_path / "lock"), evaluation_lock(path), again, evaluation_lock(path):
        pass
    with evaluation_lock(path):
        pass
    with pytest.raises(NoSpace, match="cannot be written"), evaluation_lock(path / "none"):
        pass


def test_files_are_kept_by_any_number_and_removed_by_nobody_meanwhile(tmp_path: Path) -> None:
    path = tmp_path / "keep"
    with keeping_files(path), keeping_files(path), removing_files(path) as allowed:
        assert not allowed
    with removing_files(path) as allowed:
        assert allowed


def test_who_watches_is_told_from_who_writes(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    with writer_lock(path, "watch"):
        assert holder(path) == Holder(os.getpid(), "watch")
        with pytest.raises(WriterBusy, match="watches this library"), writer_lock(path):
            pass
    with writer_lock(path), pytest.raises(WriterBusy, match="is writing to"), writer_lock(path):
        pass


def test_a_lock_that_cannot_be_made_is_no_space(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(NoSpace, match="cannot be written"), writer_lock(tmp_path / "file" / "lock"):
        pass
    assert holder(tmp_path / "file" / "lock") is None
