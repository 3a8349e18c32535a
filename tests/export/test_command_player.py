"""A program as a player: what it is told, and which program is found."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mediaindex.errors import ConfigError, MediaError, MediaIndexError
from mediaindex.export.command_player import PLAYERS, CommandPlayer, find_player
from tests.support.programs import program

MPV, VLC = PLAYERS[0], PLAYERS[1]


def test_each_player_is_told_the_moment_in_its_own_words() -> None:
    path = Path("/films/a b.mp4")
    assert CommandPlayer(MPV).command(path, 12.3456) == ("mpv", "--start=12.346", "--", "/films/a b.mp4")
    assert CommandPlayer(VLC).command(path, -1) == ("vlc", "--start-time=0.000", "/films/a b.mp4")
    assert CommandPlayer(("xdg-open", "{path}")).command(path, 5) == ("xdg-open", "/films/a b.mp4")


@given(
    name=st.text(st.characters(exclude_characters="/\0"), min_size=1).filter(lambda n: n not in (".", "..")),
    seconds=st.floats(min_value=-10, max_value=1e6),
)
def test_no_name_becomes_an_option_or_a_second_argument(name: str, seconds: float) -> None:
    for template in PLAYERS:
        command = CommandPlayer(template).command(Path(name), seconds)
        assert len(command) == len(template)
        assert command[-1] == os.path.join(os.getcwd(), name)
        assert command[-1].startswith("/")


def test_players_are_found_in_order(programs: Path) -> None:
    with pytest.raises(MediaIndexError, match="no video player is installed: install mpv") as none:
        find_player()
    assert none.value.exit_code == 1
    for name in ("xdg-open", "vlc", "mpv"):
        program(programs, name, "")
        assert find_player().template[0] == name


@pytest.mark.parametrize(
    ("command", "words"),
    [
        ("mpv 'unclosed {path}", "cannot be read"),
        ("mpv --start={seconds}", r"needs a program and \{path\}"),
        ("{path}", r"needs a program and \{path\}"),
        ("", r"needs a program and \{path\}"),
        ("no-such-player {path}", "names no-such-player, which is not installed"),
    ],
)
def test_a_command_that_cannot_be_used_is_a_setting_to_mend(command: str, words: str, programs: Path) -> None:
    assert not list(programs.iterdir())
    with pytest.raises(ConfigError, match=words):
        find_player(command)


def test_a_film_that_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(MediaError, match="is not there now"):
        CommandPlayer(MPV).play(tmp_path / "gone.mp4", 0)


@pytest.mark.parametrize(
    ("command", "draws"),
    [
        ("mpv --vo=tct {path}", True),
        ("mpv --vo=kitty,gpu --start={seconds} {path}", True),
        ("mpv --vo=sixel --vo=gpu {path}", False),
        ("mpv {path} tct", False),
    ],
)
def test_a_player_that_draws_in_the_terminal_is_known(
    command: str, draws: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program(tmp_path, "mpv", "")
    monkeypatch.setenv("PATH", str(tmp_path))
    assert find_player(command).draws_in_terminal is draws
