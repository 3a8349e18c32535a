"""A moment in a player, on a thread: what is said where it plays, and where it cannot."""

from __future__ import annotations

import queue
from pathlib import Path

import pytest

from mediaindex_tui.messages import Notice
from mediaindex_tui.playing import Playing


@pytest.fixture
def film(tmp_path: Path) -> Path:
    path = tmp_path / "film \x1b.mp4"
    path.touch()
    return path


def said(command: str | None, path: Path, monkeypatch: pytest.MonkeyPatch, *, display: bool = True) -> Notice:
    for name in ("DISPLAY", "WAYLAND_DISPLAY"):
        monkeypatch.delenv(name, raising=False)
    if display:
        monkeypatch.setenv("DISPLAY", ":9")
    notices: queue.SimpleQueue[Notice] = queue.SimpleQueue()
    playing = Playing(command, notices.put)
    playing.open(path, 19.0)
    notice = notices.get(timeout=60)
    playing.close()
    return notice


def test_the_player_of_the_settings(film: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = tmp_path / "player"
    program.write_text(f'#!/bin/sh\necho "$2" > {tmp_path}/told\n')
    program.chmod(0o755)
    notice = said(f"{program} {{path}} {{seconds}}", film, monkeypatch)
    assert not notice.is_error
    assert notice.text == "film \\x1b.mp4 plays from 0:19"
    assert (tmp_path / "told").read_text() == "19.000\n"


def test_a_player_that_ends_at_once(film: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    notice = said("false {path}", film, monkeypatch)
    assert notice.is_error
    assert "ended at once" in notice.text
    assert "\x1b" not in notice.text


def test_no_player(film: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert "install mpv" in said(None, film, monkeypatch).text


def test_no_display(film: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.platform", "linux")
    notice = said(None, film, monkeypatch, display=False)
    assert "on your own machine: " in notice.text
    assert "mpv --start=19 -- " in notice.text
    assert "\x1b" not in notice.text


def test_a_file_that_is_gone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    notice = said("true {path}", tmp_path / "gone.mp4", monkeypatch)
    assert notice.is_error
    assert "gone.mp4 is not there now" in notice.text


def test_whoever_lists_it_is_told_that_it_is_gone(tmp_path: Path) -> None:
    gone: queue.SimpleQueue[Path] = queue.SimpleQueue()
    Playing("true {path}", lambda _notice: None, gone.put).open(tmp_path / "gone.mp4", 0.0)
    assert gone.get(timeout=60) == tmp_path / "gone.mp4"


def test_another_player_is_used_from_now_on(film: Path, tmp_path: Path) -> None:
    program = tmp_path / "player"
    program.write_text(f'#!/bin/sh\necho "$1" >> {tmp_path}/told\n')
    program.chmod(0o755)
    notices: queue.SimpleQueue[Notice] = queue.SimpleQueue()
    playing = Playing("true {path}", notices.put)
    assert not playing.use("no-such-player {path}")
    assert "which is not installed" in notices.get(timeout=60).text
    assert not playing.use("true")
    assert "needs a program and {path}" in notices.get(timeout=60).text
    assert playing.command == "true {path}"
    assert playing.use(f"{program} {{seconds}} {{path}}")
    for seconds in (1.0, 2.0):
        playing.open(film, seconds)
        assert not notices.get(timeout=60).is_error
    assert (tmp_path / "told").read_text() == "1.000\n2.000\n"
