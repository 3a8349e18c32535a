from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mediaindex.errors import (
    ConfigError,
    MediaError,
    MediaIndexError,
)
from mediaindex.export import player
from mediaindex.export.player import (
    PLAYERS,
    CommandPlayer,
    StartedPlayer,
    find_player,
    open_at,
    player_command,
)

MPV, VLC = PLAYERS[0], PLAYERS[1]


@pytest.fixture
def film(tmp_path: Path) -> Path:
    path = tmp_path / "-i $(touch pwned) {seconds}'\".mp4"
    path.touch()
    return path


@pytest.fixture
def programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that is the whole PATH."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder))
    # What a developer's machine may have installed at a fixed place.
    monkeypatch.setattr(player, "PLAYERS", tuple(p for p in PLAYERS if not p[0].startswith("/")))
    return folder


@pytest.fixture
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Wait for a program that ends by itself, however busy this machine is."""
    monkeypatch.setattr(player, "SECONDS_TO_FAIL", 60.0)


def program(folder: Path, name: str, body: str) -> Path:
    """A real executable that runs `body` with `argv` at hand."""
    path = folder / name
    path.write_text(f"#!{sys.executable}\nimport os, sys\nargv = sys.argv[1:]\n{body}\n")
    path.chmod(0o755)
    return path


def writes_arguments(folder: Path, name: str, pipe: Path) -> Path:
    return program(folder, name, f"open({str(pipe)!r}, 'w').write('\\0'.join([*argv, str(os.getsid(0))]))")


def arguments_written(pipe: Path) -> list[str]:
    """What the program wrote; reading waits until it has."""
    return pipe.read_text().split("\0")


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


def test_the_player_gets_the_moment_in_a_session_of_its_own(
    film: Path, programs: Path, tmp_path: Path
) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    writes_arguments(programs, "mpv", pipe)
    # The program blocks on the pipe until this process reads: it outlives `open_at`.
    assert open_at(film, 61.5) == StartedPlayer(("mpv", "--start=61.500", "--", str(film)))
    *arguments, session = arguments_written(pipe)
    assert arguments == ["--start=61.500", "--", str(film)]
    assert int(session) != os.getsid(0)
    assert not (Path.cwd() / "pwned").exists()


@pytest.mark.usefixtures("patient")
def test_a_desktop_opener_cannot_be_told_the_second(film: Path, programs: Path, tmp_path: Path) -> None:
    written = tmp_path / "written"
    writes_arguments(programs, "xdg-open", written)
    assert open_at(film, 61.5).note == "xdg-open cannot be told a time: go to 1:01.5"
    assert arguments_written(written)[:-1] == [str(film)]


@pytest.mark.usefixtures("patient")
def test_a_configured_command_is_used_word_by_word(film: Path, programs: Path, tmp_path: Path) -> None:
    written = tmp_path / "written"
    mine = writes_arguments(programs, "my player", written)
    template = f"'{mine}' --at {{seconds}}s '--name=a {{b}}' {{path}}"
    assert open_at(film, 2, command=template).note is None
    assert player_command(film, 2, command=template)[1:] == ["--at", "2.000s", "--name=a {b}", str(film)]
    assert arguments_written(written)[:-1] == ["--at", "2.000s", "--name=a {b}", str(film)]


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


@pytest.mark.usefixtures("patient")
def test_a_player_that_fails_at_once_is_said_with_the_command(film: Path, programs: Path) -> None:
    program(programs, "vlc", "sys.exit(3)")
    with pytest.raises(
        MediaIndexError, match=r"ended at once with code 3; try it by hand: vlc --start-time=1\.000"
    ):
        open_at(film, 1)


def test_a_program_that_is_none_is_said(film: Path, programs: Path) -> None:
    (programs / "mpv").write_bytes(b"\0\0\0\0")
    (programs / "mpv").chmod(0o755)
    with pytest.raises(MediaIndexError, match="mpv cannot be started: Exec format error"):
        open_at(film, 1)
