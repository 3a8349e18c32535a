"""`ui`: what is handed to the interface, and what is said where there is no terminal."""

from __future__ import annotations

import io
import os
import pty
import subprocess
import sys
import types
from typing import Any

import pytest

from mediaindex.cli import main
from mediaindex.config import Config
from tests.support.commands import COMMAND, Commands
from tests.support.processes import start
from tests.support.waiting import WAIT_SECONDS


class Terminal(io.StringIO):
    """Text that comes from, or goes to, a terminal."""

    def isatty(self) -> bool:
        return True


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """What the interface was started with, on a terminal; it ends at once with the exit code 7."""
    calls: list[dict[str, Any]] = []

    def run(config: Config, **options: Any) -> int:
        calls.append({"settings": (config.ui_theme, config.ui_images, config.ui_mouse), **options})
        return 7

    module = types.ModuleType("mediaindex_tui.start")
    module.run = run  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "mediaindex_tui", types.ModuleType("mediaindex_tui"))
    monkeypatch.setitem(sys.modules, "mediaindex_tui.start", module)
    return calls


def on_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    """From here on; pytest puts its own streams back between a fixture and its test."""
    monkeypatch.setattr("sys.stdin", Terminal())
    monkeypatch.setattr("sys.stdout", Terminal())


def test_the_options_go_to_the_interface(
    started: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    on_terminal(monkeypatch)
    assert main(["ui", "--plain", "--images", "half", "--no-mouse"]) == 7
    settings = ("dark", "auto", True)
    assert started == [{"settings": settings, "plain": True, "images": "half", "mouse": False}]


def test_the_settings_go_with_them(started: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch) -> None:
    on_terminal(monkeypatch)
    monkeypatch.setenv("MEDIAINDEX_UI_IMAGES", "off")
    monkeypatch.setenv("MEDIAINDEX_UI_MOUSE", "no")
    assert main(["ui"]) == 7
    assert main(["ui", "--images", "auto"]) == 7
    settings = ("dark", "off", False)
    assert started == [
        {"settings": settings, "plain": False, "images": None, "mouse": True},
        {"settings": settings, "plain": False, "images": "auto", "mouse": True},
    ]


def test_without_a_command_it_is_the_interface(
    started: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    on_terminal(monkeypatch)
    assert main([]) == 7
    settings = ("dark", "auto", True)
    assert started == [{"settings": settings, "plain": False, "images": None, "mouse": True}]


@pytest.mark.parametrize("stream", ["sys.stdin", "sys.stdout"])
def test_without_a_terminal_there_is_no_interface(
    stream: str,
    started: list[dict[str, Any]],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    on_terminal(monkeypatch)
    monkeypatch.setattr(stream, io.StringIO())
    assert main(["ui"]) == 2
    assert "mediaindex search TEXT" in capsys.readouterr().err
    with pytest.raises(SystemExit) as end:
        main([])
    assert end.value.code == 2
    assert "usage: mediaindex" in capsys.readouterr().err
    assert started == []


def test_the_interface_prints_no_json(commands: Commands) -> None:
    ran = commands.ran("ui")
    assert ran.code == 2
    assert "search TEXT --json" in ran.json["error"]


def test_images_of_an_unknown_kind_are_refused(commands: Commands) -> None:
    ran = commands.text("ui", "--images", "braille")
    assert ran.code == 2
    assert "quadrant" in ran.err


def test_alone_on_a_real_terminal_it_is_the_interface() -> None:
    """A setting that nobody knows is told in the name of the command that runs."""
    primary, secondary = pty.openpty()
    environment = {**os.environ, "MEDIAINDEX_UI_IMAGES": "braille"}
    ended = start([*COMMAND], stdin=secondary, stdout=secondary, stderr=subprocess.PIPE, env=environment)
    os.close(secondary)
    _out, said = ended.communicate(timeout=WAIT_SECONDS)
    os.close(primary)
    assert ended.returncode == 2
    assert said.startswith("mediaindex ui: environment MEDIAINDEX_UI_IMAGES")
