"""A library that commands are run on, a folder for films, and the encoder "colours" for all of them."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.commands import Commands, use_these_encoders


@pytest.fixture(autouse=True)
def _encoders(monkeypatch: pytest.MonkeyPatch) -> None:
    use_these_encoders(monkeypatch)


@pytest.fixture(autouse=True)
def _signals() -> Iterator[None]:
    """A command takes SIGTERM for itself; the test runner gets it back."""
    before = signal.getsignal(signal.SIGTERM)
    yield
    signal.signal(signal.SIGTERM, before)


@pytest.fixture
def commands(library: Path, capsys: pytest.CaptureFixture[str]) -> Commands:
    return Commands(library, capsys)


@pytest.fixture
def videos(tmp_path: Path) -> Path:
    """A folder for films, beside the library."""
    folder = tmp_path / "videos"
    folder.mkdir()
    return folder
