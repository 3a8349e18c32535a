"""mpv over its socket: one window for every moment, and what is said where there is none.

A program takes the place of mpv and answers on the socket as mpv 0.35 does; the last tests ask a real one.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from mediaindex.errors import MediaError, MediaIndexError
from mediaindex.export import mpv as mpv_module
from mediaindex.export.command_player import CommandPlayer
from mediaindex.export.mpv import MpvPlayer, has_display, new_player
from tests.support.programs import program
from tests.support.waiting import until

REAL = shutil.which("mpv")
STAND_IN = r"""
import json, socket
path = next(word for word in argv if word.startswith("--input-ipc-server=")).partition("=")[2]
shown = None
server = socket.socket(socket.AF_UNIX)
server.bind(path)
server.listen()
log = open(LOG, "ab", buffering=0)
log.write(json.dumps([*argv, str(os.getpid())]).encode() + b"\n")
lets_go = globals().get("LETS_GO_AFTER")
connection, _ = server.accept()
if lets_go is not None:
    early = connection.makefile("rb")
    for _line in range(lets_go):
        reply = {"request_id": json.loads(early.readline())["request_id"], "error": "success"}
        connection.sendall(json.dumps(reply).encode() + b"\n")
    connection.shutdown(socket.SHUT_RDWR)
    connection, _ = server.accept()
try:
    for line in connection.makefile("rb"):
        log.write(line)
        message = json.loads(line.decode("utf-8", "surrogateescape"))
        command, reply = message["command"], {"request_id": message["request_id"], "error": "success"}
        events = [{"event": "audio-reconfig"}]
        if isinstance(command, dict):
            shown = command["url"]
            if "bad" in shown:
                failed = {"reason": "error", "file_error": "unrecognized file format"}
                events.append({"event": "end-file", **failed})
                shown = None
            else:
                events.append({"event": "file-loaded"})
        elif command[0] == "get_property":
            reply |= {"data": shown} if shown else {"error": "property unavailable"}
        for one in [{"event": "idle"}, reply, *events]:
            connection.sendall(json.dumps(one, ensure_ascii=False).encode("utf-8", "surrogateescape") + b"\n")
finally:
    log.write(b'"left alone"\n')
"""


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return tmp_path / "log"


@pytest.fixture
def mpv(programs: Path, log: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[MpvPlayer]:
    """A player whose mpv is the stand-in, on a machine with a display."""
    program(programs, "mpv", STAND_IN.replace("LOG", repr(str(log))))
    monkeypatch.setenv("DISPLAY", ":9")
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    player = MpvPlayer()
    yield player
    player.close()


def films(folder: Path, *names: str | bytes) -> list[Path]:
    paths = [folder / os.fsdecode(name) for name in names]
    for path in paths:
        path.touch()
    return paths


def told(log: Path) -> list[Any]:
    """What the stand-in was told: its arguments, then commands."""
    lines = log.read_bytes().decode("utf-8", "surrogateescape").splitlines()
    return [one["command"] if isinstance(one, dict) else one for one in map(json.loads, lines)]


def sockets(folder: Path) -> list[Path]:
    return list(folder.glob("mediaindex-mpv-*"))


def test_a_moment_is_loaded_and_the_next_one_in_the_same_film_sought(
    mpv: MpvPlayer, tmp_path: Path, log: Path
) -> None:
    (path,) = films(tmp_path, 'a "b".mp4')
    assert mpv.play(path, 19.0).command == ("mpv", "--start=19.000", "--", str(path))
    mpv.play(path, 3.5)
    arguments, *commands = told(log)
    assert arguments[:4] == list(mpv_module.OPTIONS)
    loaded = {"name": "loadfile", "url": str(path), "flags": "replace", "options": "start=19.000"}
    assert [command for command in commands if isinstance(command, dict)] == [loaded]
    assert ["seek", 3.5, "absolute+exact"] in commands
    assert commands[-2:] == [["set_property", "pause", False], ["show-text", 'a "b".mp4  0:03.5', 2000]]


def test_a_name_that_is_no_utf8_goes_as_its_bytes(mpv: MpvPlayer, tmp_path: Path, log: Path) -> None:
    (path,) = films(tmp_path, b"caf\xe9\n.mp4")
    mpv.play(path, 0.0)
    mpv.play(path, 1.0)
    assert b"caf\xe9\\n.mp4" in log.read_bytes()
    assert sum(isinstance(command, dict) for command in told(log)) == 1
    assert told(log)[-1][1].startswith(r"caf\xe9\n.mp4")


def test_another_film_comes_into_the_same_window(mpv: MpvPlayer, tmp_path: Path, log: Path) -> None:
    for path in films(tmp_path, "a.mp4", "b.mp4", "a.mp4"):
        mpv.play(path, 1.0)
    urls = [Path(command["url"]).name for command in told(log) if isinstance(command, dict)]
    assert urls == ["a.mp4", "b.mp4", "a.mp4"]
    assert len(sockets(tmp_path)) == 1


def test_a_film_that_mpv_cannot_open_is_said_and_the_window_stays(
    mpv: MpvPlayer, tmp_path: Path, log: Path
) -> None:
    bad, good = films(tmp_path, "bad.mp4", "good.mp4")
    with pytest.raises(MediaError, match=r"mpv cannot open .*bad\.mp4: unrecognized file format"):
        mpv.play(bad, 1.0)
    mpv.play(good, 1.0)
    assert len([one for one in told(log) if isinstance(one, list) and one[0] == "--idle=yes"]) == 1


def test_a_film_that_is_not_there_is_said(mpv: MpvPlayer, tmp_path: Path) -> None:
    with pytest.raises(MediaError, match=r"gone\.mp4 is not there now"):
        mpv.play(tmp_path / "gone.mp4", 1.0)


def test_a_window_that_was_closed_is_opened_again(mpv: MpvPlayer, tmp_path: Path, log: Path) -> None:
    (path,) = films(tmp_path, "a.mp4")
    mpv.play(path, 1.0)
    first = psutil.Process(int(told(log)[0][-1]))
    os.kill(first.pid, signal.SIGKILL)
    until(lambda: not first.is_running() or first.status() == psutil.STATUS_ZOMBIE)
    mpv.play(path, 2.0)
    assert len([one for one in told(log) if isinstance(one, list) and one[0] == "--idle=yes"]) == 2
    assert len(sockets(tmp_path)) == 1


def test_the_window_stays_when_the_program_ends(mpv: MpvPlayer, tmp_path: Path, log: Path) -> None:
    (path,) = films(tmp_path, "a.mp4")
    mpv.play(path, 1.0)
    mpv.close()
    until(lambda: told(log)[-1] == "left alone")
    assert sockets(tmp_path) == []


def test_without_a_display_the_command_is_said(
    mpv: MpvPlayer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (path,) = films(tmp_path, "a b.mp4")
    monkeypatch.delenv("DISPLAY")
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    monkeypatch.setattr("sys.platform", "linux")
    with pytest.raises(MediaIndexError) as error:
        mpv.play(path, 19.0)
    assert str(error.value) == f"no display here; on your own machine: mpv --start=19.000 -- '{path}'"


@pytest.mark.parametrize("body", ["sys.exit(3)", ""])
def test_a_mpv_that_ends_at_once_is_said(body: str, mpv: MpvPlayer, programs: Path, tmp_path: Path) -> None:
    program(programs, "mpv", body)
    (path,) = films(tmp_path, "a.mp4")
    code = 3 if body else 0
    with pytest.raises(
        MediaIndexError, match=f"mpv ended at once with code {code}; try it by hand: mpv --idle"
    ):
        mpv.play(path, 1.0)
    assert sockets(tmp_path) == []


def test_a_mpv_without_a_socket_is_ended(
    mpv: MpvPlayer, programs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mpv_module, "START_SECONDS", 0.2)
    program(programs, "mpv", "import time; time.sleep(600)")
    (path,) = films(tmp_path, "a.mp4")
    with pytest.raises(MediaIndexError, match="opened no socket"):
        mpv.play(path, 1.0)
    assert sockets(tmp_path) == []


@pytest.mark.parametrize("asked", [0, 2, 4])
def test_a_mpv_that_lets_go_of_its_socket_and_runs_is_asked_again(
    asked: int, mpv: MpvPlayer, programs: Path, tmp_path: Path, log: Path
) -> None:
    program(programs, "mpv", f"LETS_GO_AFTER = {asked}\n" + STAND_IN.replace("LOG", repr(str(log))))
    (path,) = films(tmp_path, "a.mp4")
    mpv.play(path, 19.0)
    assert len([one for one in told(log) if isinstance(one, list) and one[0] == "--idle=yes"]) == 1
    assert any(isinstance(command, dict) and command["url"] == str(path) for command in told(log))


def test_a_mpv_that_always_lets_go_is_ended(
    mpv: MpvPlayer, programs: Path, tmp_path: Path, log: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mpv_module, "START_SECONDS", 0.5)
    lets_go = STAND_IN.partition("connection, _")[0] + (
        "open(LOG, 'w').write(str(os.getpid()))\nwhile True: server.accept()[0].close()\n"
    )
    program(programs, "mpv", lets_go.replace("LOG", repr(str(log))))
    (path,) = films(tmp_path, "a.mp4")
    with pytest.raises(MediaIndexError):
        mpv.play(path, 1.0)
    assert not psutil.pid_exists(int(log.read_text()))
    assert sockets(tmp_path) == []


def test_the_player_of_the_settings_comes_first_then_mpv_then_others(programs: Path) -> None:
    program(programs, "vlc", "")
    assert new_player() == CommandPlayer(("vlc", "--start-time={seconds}", "{path}"))
    program(programs, "mpv", "")
    assert isinstance(new_player(), MpvPlayer)
    assert new_player("vlc {path}") == CommandPlayer(("vlc", "{path}"))


def test_a_display_is_known_by_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.platform", "linux")
    for name in ("DISPLAY", "WAYLAND_DISPLAY"):
        monkeypatch.delenv(name, raising=False)
    assert not has_display()
    monkeypatch.setenv("WAYLAND_DISPLAY", "wayland-0")
    assert has_display()


@pytest.mark.skipif(REAL is None, reason="no mpv on this machine")
def test_a_real_mpv_goes_where_it_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from tests.support.films import film

    monkeypatch.setenv("DISPLAY", ":9")
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    first = film(tmp_path / os.fsdecode(b"caf\xe9.mp4"), ("red", 4.0))
    second = film(tmp_path / "second.mp4", ("blue", 4.0))
    damaged = tmp_path / "damaged.mp4"
    damaged.write_bytes(b"no film")
    player = MpvPlayer(("--vo=null", "--ao=null", "--pause"))
    try:
        player.play(first, 1.0)
        player.play(first, 2.0)
        player.play(second, 3.0)
        with pytest.raises(MediaError, match="cannot open"):
            player.play(damaged, 0.0)
        player.play(first, 1.0)
    finally:
        (running,) = (child for child in psutil.Process().children() if child.name() == "mpv")
        player.close()
        assert running.is_running()
        running.kill()
        running.wait()
