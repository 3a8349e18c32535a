"""A folder to watch, and watchers that end with the test."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

import pytest

from mediaindex.sources.watch import observer
from mediaindex.sources.watch.watcher import Watcher
from tests.support.watching import QUIET, Watch, Watching, as_network


@pytest.fixture(params=["kernel", "polling"])
def kind(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    kind: Literal["kernel", "polling"] = request.param
    if kind == "polling":
        monkeypatch.setattr(observer, "volume_of", as_network)
    return kind


@pytest.fixture
def watch() -> Iterator[Watching]:
    open_watchers: list[Watcher] = []

    def start(*roots: Path, **options: Any) -> Watch:
        settings: dict[str, Any] = {"quiet_seconds": QUIET, "poll_seconds": 0.05, "check_seconds": 0.1}
        watcher = Watcher(roots, **settings | options)
        open_watchers.append(watcher)
        watcher.__enter__()
        found = Watch(watcher)
        found.take(0)
        assert set(found.rescan) == set(roots)
        found.forget()
        return found

    yield start
    for watcher in open_watchers:
        watcher.__exit__(None, None, None)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = tmp_path / "videos"
    folder.mkdir()
    return folder
