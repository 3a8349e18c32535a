"""One writer at a time, and no file removed under one who copies."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from mediaindex.errors import WriterBusy
from mediaindex.store.lock import Holder, holder, writer_lock


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
    with subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        assert holder(path) == Holder(process.pid, "command")
        process.kill()
        process.wait()
    with writer_lock(path):
        pass
