"""`mediaindex caption import`, killed at random: no caption is lost, none is there twice."""

from __future__ import annotations

import contextlib
import random
import sqlite3
import subprocess
from contextlib import closing
from pathlib import Path
from signal import SIGKILL

import pytest

from mediaindex.store.library import open_library
from tests.support.catalogued import add_place
from tests.support.commands import Commands, process
from tests.support.waiting import WAIT_SECONDS, until

KILLS = 10
CAPTIONS = 3000

pytestmark = [pytest.mark.kill, pytest.mark.timeout(600)]


def kept(library: Path) -> int:
    """How many captions are committed."""
    with closing(sqlite3.connect(f"file:{library / 'library.sqlite'}?mode=ro", uri=True)) as connection:
        return int(connection.execute("SELECT count(*) FROM caption").fetchone()[0])


def killed(library: Path, table: Path, seconds: float) -> bool:
    """Import until something of it is kept and a while longer; whether it was still at work."""
    before = kept(library)
    running = process("caption", "import", table, library=library, stdout=subprocess.DEVNULL)
    until(lambda: kept(library) > before or running.poll() is not None)
    with contextlib.suppress(subprocess.TimeoutExpired):
        running.wait(seconds)
    running.kill()
    running.wait(WAIT_SECONDS)
    return running.returncode == -SIGKILL


def test_an_import_that_is_killed_loses_and_doubles_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    library, films = tmp_path / "library", ("red.mp4", "blue.mp4", "later.mp4")
    with open_library(library, create=True) as opened:
        for name in films[:2]:
            add_place(opened, tmp_path / name)
    moments, table = random.Random(5), tmp_path / "captions.csv"
    rows = [
        f"{films[number % 3]},{number / 2000},{number / 1500},caption {number},en"
        for number in range(CAPTIONS)
    ]
    table.write_text("path,start_seconds,end_seconds,caption,language\n" + "\n".join(rows) + "\n")
    kills = sum(killed(library, table, moments.uniform(0.0, 0.3)) for _ in range(KILLS))
    commands = Commands(library, capsys)
    last = commands("caption", "import", table)
    assert last["imported"] + last["unchanged"] == CAPTIONS
    texts = [row["text"] for row in commands("caption", "list")["captions"]]
    assert sorted(texts) == sorted(f"caption {number}" for number in range(CAPTIONS))
    assert kills
    assert commands("check")["problems"] == []
