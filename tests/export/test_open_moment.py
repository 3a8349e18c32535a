"""A moment is opened in a program that goes on by itself."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from mediaindex.errors import MediaIndexError
from mediaindex.export.open_moment import open_at, player_command
from mediaindex.export.player import StartedPlayer
from tests.support.programs import arguments_written, program, writes_arguments


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
