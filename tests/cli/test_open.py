"""`open`: the player starts at a moment of the last answer."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests.support.commands import Commands
from tests.support.waiting import until


@pytest.fixture
def player(tmp_path: Path) -> Path:
    """A program that writes down how it was called."""
    script = tmp_path / "player"
    script.write_text(
        f"#!{sys.executable}\n"
        "import os, sys\n"
        f"target = {str(tmp_path / 'called')!r}\n"
        "open(target + '.tmp', 'w').write('\\n'.join(sys.argv[1:]))\n"
        "os.rename(target + '.tmp', target)\n"
    )
    script.chmod(0o755)
    return script


def called(player: Path) -> list[str]:
    target = player.with_name("called")
    until(target.exists)
    return target.read_text().split("\n")


def test_open_takes_the_moment_of_the_last_answer(trip: Path, commands: Commands, player: Path) -> None:
    command = f"'{player}' --at={{seconds}} {{path}}"
    ran = commands.ran("open", 1, "--player", command)
    assert ran.code == 2
    assert "mediaindex search" in ran.json["error"]

    commands("search", "red", "--channel", "pictures")
    hit = commands.hits("blue", "--channel", "pictures")[0]
    opened = commands("open", 1, "--player", command)
    assert list(opened) == ["schema", "path", "seconds", "command"]
    assert (opened["path"], opened["seconds"]) == (str(trip), hit["start_seconds"])
    assert called(player) == [f"--at={hit['start_seconds']:.3f}", str(trip)]

    ran = commands.ran("open", 99, "--player", command)
    assert ran.code == 2
    assert "there is no 99" in ran.json["error"]
    assert commands.ran("open", 0).code == 2
    assert commands.ran("open", "first").code == 2


def test_open_says_what_the_player_lacks(trip: Path, commands: Commands, player: Path) -> None:
    commands("search", "blue", "--channel", "pictures")
    ran = commands.text("open", 1, "--player", f"'{player}' {{path}}")
    assert ran.code == 0
    assert "0:03" in ran.out
    assert "go to 0:03" in ran.err
    assert commands.ran("open", 1, "--player", "'").code == 2
    assert commands.ran("open", 1, "--player", "no-such-player {path}").code == 2


def test_open_of_a_file_that_is_gone(trip: Path, commands: Commands, player: Path) -> None:
    commands("search", "blue", "--channel", "pictures")
    trip.unlink()
    ran = commands.ran("open", 1, "--player", f"'{player}' {{path}}")
    assert ran.code == 2
    assert "gone" in ran.json["error"]
