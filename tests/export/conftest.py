"""A machine whose only programs are those of a test, and a film with a hostile name."""

from __future__ import annotations

from pathlib import Path

import pytest

from mediaindex.export import command_player, detached_program
from mediaindex.export.command_player import PLAYERS
from tests.support.waiting import WAIT_SECONDS


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
    monkeypatch.setattr(command_player, "PLAYERS", tuple(p for p in PLAYERS if not p[0].startswith("/")))
    return folder


@pytest.fixture
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Wait for a program that ends by itself, however busy this machine is."""
    monkeypatch.setattr(detached_program, "SECONDS_TO_FAIL", WAIT_SECONDS)
