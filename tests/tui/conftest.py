"""A finder of the tests' own behind the real messages, and the application over it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mediaindex_tui.app import InterfaceApp, Setup
from tests.support.fake_finder import FakeFinder


@pytest.fixture
def finder() -> FakeFinder:
    """A finder that has six moments of three videos."""
    return FakeFinder()


@pytest.fixture
def interface(finder: FakeFinder, tmp_path: Path) -> Callable[..., InterfaceApp]:
    """Build the application over the finder; keywords are those of `Setup`."""

    def build(**settings: Any) -> InterfaceApp:
        return InterfaceApp(
            Setup(library=tmp_path / "library", memory=tmp_path / "ui.json", **settings), finder
        )

    return build
