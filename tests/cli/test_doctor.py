"""`doctor`: what it says of this machine."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from tests.support.commands import Commands
from tests.support.terminals import PIXEL_TERMINAL, Answers, Terminal


def test_doctor_checks_for_real(commands: Commands, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "bin"
    folder.mkdir()
    (folder / "mpv").symlink_to("/bin/true")
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv("MEDIAINDEX_ENCODER", "builtin")
    doctor = commands("doctor", "--device", "cpu")
    assert list(doctor) == ["schema", "ok", "checks", "encoders"]
    assert doctor["ok"] is True
    details = {check["name"]: check["detail"] for check in doctor["checks"]}
    assert list(details) == [
        "python",
        "sqlite",
        "library",
        "vectors",
        "device",
        "decoder",
        "encoder",
        "player",
        "terminal",
    ]
    assert all(list(check) == ["name", "ok", "detail"] for check in doctor["checks"])
    assert "frames read in a bounded process" in details["decoder"]
    assert details["device"].startswith("cpu")
    assert "builtin" in details["encoder"]
    assert details["player"].startswith("mpv")
    assert details["terminal"] == "none here"
    assert not commands.library.exists()


def test_doctor_names_what_fails(commands: Commands, monkeypatch: pytest.MonkeyPatch) -> None:
    ran = commands.text("doctor", "--device", "cuda")
    failed = [line for line in ran.out.splitlines() if line.startswith("FAIL")]
    import torch

    if torch.cuda.is_available():
        pytest.skip("this machine has what the test asks for")
    assert ran.code == 1
    assert any("device" in line for line in failed)


ASKS = """
from mediaindex.cli.doctor import CHECKS
from mediaindex.config import load_config
print(*CHECKS["terminal"](load_config()))
"""


def on(term: str, answers: Answers | None = None) -> Terminal:
    """What the check of the terminal says on one of this name."""
    words = [sys.executable, "-c", ASKS]
    return Terminal(words, answers=answers, TERM=term, COLORTERM="truecolor", TMUX="", SSH_CONNECTION="")


def test_doctor_says_how_pictures_are_drawn_on_a_terminal_and_what_it_answers() -> None:
    kitty = on("xterm-kitty", PIXEL_TERMINAL)
    kitty.until("pictures kitty, preview kitty (its name is one of those that draw pixels)")
    kitty.until("it says that it draws kitty pictures and sixels")
    other = on("xterm-256color")
    other.until("pictures quadrant, preview quadrant (its name is none of those that draw pixels)")
    other.until("it answers nothing")
    assert (kitty.wait(), other.wait()) == (0, 0)
