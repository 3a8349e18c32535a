"""The service of a library: its manager, its name, its file."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from mediaindex.background.unit_file import NAME
from mediaindex.cli.shared.user_service import manager_of_this_system, service_of
from mediaindex.config import default_library
from mediaindex.errors import MediaIndexError


@pytest.mark.skipif(sys.platform != "linux", reason="the manager of Linux")
def test_each_library_has_a_service_of_its_own(tmp_path: Path) -> None:
    service, other = service_of(default_library()), service_of(tmp_path / "other")
    assert service.name == NAME
    assert other.name.startswith(NAME)
    assert service.path != other.path
    assert service.path == service.manager.file(NAME)


@pytest.mark.parametrize(("platform", "kind"), [("darwin", "Launchd"), ("linux", "Systemd")])
def test_the_manager_is_that_of_the_system(platform: str, kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", platform)
    assert type(manager_of_this_system()).__name__ == kind


def test_a_system_without_a_known_manager_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "plan9")
    with pytest.raises(MediaIndexError, match="plan9: start 'mediaindex watch' yourself"):
        manager_of_this_system()
