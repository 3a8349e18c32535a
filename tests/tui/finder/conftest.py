"""A library of colours, and a desk that answers questions about it."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.commands import index_quietly, use_these_encoders
from tests.support.films import film, srt
from tests.support.finders import AtDesk


@pytest.fixture(scope="session")
def indexed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two films below a source `Films`, and their library; not to be written to."""
    folder = tmp_path_factory.mktemp("films")
    videos = folder / "Films"
    tags = {"creation_time": "2024-05-03T15:02:00+02:00", "title": "Flags at sea"}
    film(videos / "Holiday" / "flag.mp4", ("red", 4.0), ("white", 4.0), ("blue", 4.0), tags=tags)
    film(videos / "beach_dog.mp4", ("green", 3.0), ("yellow", 3.0))
    srt(videos / "beach_dog.srt", (1.0, 2.0, "the bearded captain"))
    index_quietly(folder / "library", videos)
    return folder


@pytest.fixture
def films(indexed: Path) -> Path:
    """The source of the library."""
    return indexed / "Films"


@pytest.fixture
def library(indexed: Path, tmp_path: Path) -> Path:
    """A library of a test's own."""
    return Path(shutil.copytree(indexed / "library", tmp_path / "library"))


@pytest.fixture
def colours(monkeypatch: pytest.MonkeyPatch) -> None:
    use_these_encoders(monkeypatch)


@pytest.fixture
def cold(library: Path, colours: None) -> Iterator[AtDesk]:
    """A desk before its encoder is loaded."""
    at_desk = AtDesk(library)
    yield at_desk
    at_desk.desk.close()


@pytest.fixture
def desk(cold: AtDesk) -> AtDesk:
    """A desk whose pictures answer."""
    return cold.with_pictures()


@pytest.fixture
def interpreter(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A program in place of the interpreter that commands are run with; it is not there yet."""
    program = tmp_path / "python"
    monkeypatch.setattr(sys, "executable", str(program))
    return program
