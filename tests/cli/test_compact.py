"""`compact`: the library becomes smaller, and answers as before."""

from __future__ import annotations

from pathlib import Path

import pytest

from mediaindex.store.library import open_library
from mediaindex.store.lock import writer_lock
from tests.support.commands import Commands, first, process
from tests.support.films import film
from tests.support.waiting import WAIT_SECONDS


def forgetful(commands: Commands, three: Path) -> None:
    """Write a few further versions of the vectors."""
    for number in range(3):
        film(three / f"more {number}.mp4", "white", ("black", 1.0 + number))
        commands("index", three)


def test_compact(three: Path, commands: Commands) -> None:
    forgetful(commands, three)
    before = first(commands, "red")
    done = commands("compact")
    assert done["versions"]["after"] == 1
    assert done["fragments"] == {"before": 4, "after": 1}
    assert done["files"]["after"] < done["files"]["before"]
    assert first(commands, "red")["similarity"] == before["similarity"]
    assert commands("check")["problems"] == []
    assert "now" in commands.text("compact").out
    with open_library(commands.library) as library, library.keeping():
        ran = commands.text("compact")
        assert (ran.code, "backup" in ran.err) == (0, True)


@pytest.mark.slow
def test_compact_by_the_process_that_writes(three: Path, commands: Commands) -> None:
    with writer_lock(commands.library / "lock"):
        assert commands("compact", "--no-wait", code=3)["exit_code"] == 3
    for number in range(6):
        film(three / f"late {number}.mp4", "white", ("yellow", 2.0 + number))
    writer = process("index", three, "--jobs", 1, library=commands.library)
    asker = process("compact", "--json", library=commands.library)
    out, _err = asker.communicate(timeout=WAIT_SECONDS)
    assert asker.returncode == 0, out
    assert '"postponed": false' in out
    _out, err = writer.communicate(timeout=WAIT_SECONDS)
    assert writer.returncode == 0, err
    assert commands("check")["problems"] == []
    assert commands("status")["videos"] == 9
