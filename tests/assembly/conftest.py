"""A library that commands are run on, and a folder for films beside it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.commands import Commands


@pytest.fixture
def commands(library: Path, capsys: pytest.CaptureFixture[str]) -> Commands:
    return Commands(library, capsys)


@pytest.fixture
def videos(tmp_path: Path) -> Path:
    """A folder for films, beside the library."""
    folder = tmp_path / "videos"
    folder.mkdir()
    return folder
