"""The encoder "colours" for every command, and indexed films."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.commands import Commands, use_these_encoders
from tests.support.films import film, srt


@pytest.fixture(scope="module", autouse=True)
def _decoders(kept_decoders: None) -> None:
    """The commands of a test file share their decoders."""


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
def trip(videos: Path, commands: Commands) -> Path:
    tags = {"creation_time": "2024-02-28T23:41:07Z", "title": "On the road", "location": "+48.8577+002.2950/"}
    path = film(videos / "trip.mp4", ("red", 3.0), ("blue", 3.0), tags=tags)
    srt(videos / "trip.de.srt", (4.0, 5.0, "endlich da"))
    commands("index", videos)
    return path


@pytest.fixture
def three(videos: Path, commands: Commands) -> Path:
    """Three films of one colour each, indexed."""
    for colour in ("red", "blue", "green"):
        film(videos / f"{colour}.mp4", colour)
    commands("index", videos)
    return videos
