"""`compact`, `backup` and `restore`, killed at random: the library is whole, and so is the last backup."""

from __future__ import annotations

import contextlib
import random
import subprocess
from pathlib import Path

import pytest

from mediaindex.store.maintenance.restore import verify
from tests.support.commands import Commands, process, use_these_encoders
from tests.support.films import film

ROUNDS = 6
LATEST_SECONDS = 4.0

pytestmark = [pytest.mark.kill, pytest.mark.timeout(1800)]


def kill(seconds: float, *words: object, library: Path) -> bool:
    """Start a command and kill it after a while; whether it was still at work."""
    started = process(*words, library=library)
    with contextlib.suppress(subprocess.TimeoutExpired):
        started.wait(seconds)
    started.kill()
    started.communicate()
    return started.returncode == -9


@pytest.fixture(autouse=True)
def _encoders(monkeypatch: pytest.MonkeyPatch) -> None:
    use_these_encoders(monkeypatch)


def test_killed_housekeeping(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    moments = random.Random(7)
    videos, target = tmp_path / "videos", tmp_path / "backup"
    commands = Commands(tmp_path / "library", capsys)
    for colour in ("red", "blue", "green"):
        film(videos / f"{colour}.mp4", colour)
        commands("index", videos)
    commands("backup", target)
    expected = [hit["similarity"] for hit in commands.hits("red", "--channel", "pictures")]
    killed = 0
    for _ in range(ROUNDS):
        for words in (("compact",), ("backup", target), ("restore", target, "--force")):
            killed += kill(moments.uniform(0.2, LATEST_SECONDS), *words, library=commands.library)
            assert len(verify(target).frames) == 3
            if not (commands.library / "library.sqlite").exists():
                commands("restore", target)  # killed between the old catalog's going and the new one's coming
            checked = commands.ran("check")
            if (
                checked.code
            ):  # parts of the old library were moved, its catalog was not: say so, and begin again
                assert words[0] == "restore", checked
                commands("restore", target, "--force")
            assert [hit["similarity"] for hit in commands.hits("red", "--channel", "pictures")] == expected
    assert killed >= ROUNDS
    assert commands("compact")["versions"]["after"] == 1
    assert commands("index", videos)["decoded"] == 0
    assert commands("check")["problems"] == []
