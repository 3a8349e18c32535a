"""A folder that cannot be read: nothing of it is missing, removed or decoded again, and all is found."""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import NoReturn

import pytest
import sqlalchemy as sa

from mediaindex.ingest.writer.queue import carry_out
from mediaindex.ingest.writer.requests import IndexRequest, RetryRequest
from mediaindex.store.catalog.schema import location
from mediaindex.store.library import open_library
from tests.support.commands import Commands, counts, index_quietly
from tests.support.films import film, srt
from tests.support.unreadable import closed, troubled
from tests.support.watch_loop import Watching

Trouble = Callable[[Path], AbstractContextManager[None]]


@contextlib.contextmanager
def replaced_by_a_loop(folder: Path) -> Iterator[None]:
    """A link to itself stands where the folder was."""
    aside = folder.parents[1] / "aside"
    folder.rename(aside)
    folder.symlink_to(folder.name)
    try:
        yield
    finally:
        folder.unlink()
        aside.rename(folder)


def with_errno(number: int) -> Trouble:
    return lambda folder: troubled(folder, number)


TROUBLES = [
    pytest.param(closed, id="no permission"),
    pytest.param(lambda folder: closed(folder, 0o444), id="names only"),
    pytest.param(lambda folder: closed(folder, 0o300), id="no listing"),
    pytest.param(with_errno(errno.EIO), id="EIO"),
    pytest.param(with_errno(errno.ESTALE), id="ESTALE"),
    pytest.param(with_errno(errno.ENOTCONN), id="ENOTCONN"),
    pytest.param(replaced_by_a_loop, id="ELOOP"),
]


def make(videos: Path) -> Path:
    """Beside a green film a folder with two, one with a subtitle, and two files that are no films."""
    film(videos / "green.mp4", "green")
    folder = videos / "private"
    for colour in ("red", "blue"):
        film(folder / f"{colour}.mp4", colour)
    srt(folder / "red.srt", (0.0, 1.0, "lighthouse"))
    (folder / "notes.mkv").write_text("text " * 100)
    shutil.copy(os.devnull, folder / "empty.mp4")
    return folder


@pytest.fixture(scope="module")
def indexed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a library, which every test leaves as it was."""
    here = tmp_path_factory.mktemp("indexed")
    make(here / "videos")
    index_quietly(here / "library", here / "videos", code=5)
    return here


@pytest.fixture
def library(indexed: Path) -> Path:
    return indexed / "library"


@pytest.fixture
def private(indexed: Path) -> Path:
    return indexed / "videos" / "private"


@pytest.fixture
def own(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> tuple[Path, Commands]:
    """A folder and a library that a test may change."""
    commands = Commands(tmp_path / "library", capsys)
    folder = make(tmp_path / "videos")
    commands("index", folder.parent, code=5)
    return folder, commands


def missing(commands: Commands) -> int:
    found: int = commands("status")["missing"]
    return found


@pytest.mark.parametrize("trouble", TROUBLES)
def test_nothing_is_missing_and_nothing_is_decoded_again(
    private: Path, commands: Commands, trouble: Trouble
) -> None:
    videos = private.parent
    before = commands("index", videos)
    with trouble(private):
        report = commands("index", videos, code=None)
        assert (report["decoded"], report["moved"], report["copies"], report["offline"]) == (0, 0, 0, 0)
        assert missing(commands) == 0
        hits = commands.hits("lighthouse", "--channel", "words")
        assert [Path(hit["path"]).name for hit in hits] == ["red.mp4"]
        assert commands.files("blue", "--channel", "pictures")[0] == "blue.mp4"
    after = commands("index", videos)
    assert counts(after) == counts(before) == {"videos": 3, "unchanged": 3}
    assert [row["path"] for row in after["failed"]] == [row["path"] for row in before["failed"]]
    assert missing(commands) == 0


def test_the_folder_is_named_and_its_films_are_not_called_offline(private: Path, commands: Commands) -> None:
    with closed(private):
        report = commands("index", private.parent, code=5)
        assert str(private) in [row["path"] for row in report["failed"]]
        line = commands.text("search", "red", "--channel", "pictures", "--limit", 1).out
        assert "cannot be read" in line
        assert "offline" not in line
        ran = commands.text("open", 1)
        assert (ran.code, "cannot be read" in ran.err) == (2, True)
        for command in ("index", "watch"):
            ran = commands.text(command, private / "below" if command == "watch" else private / "red.mp4")
            assert (ran.code, "cannot be read" in ran.err) == (2, True)


@pytest.mark.parametrize("trouble", TROUBLES)
def test_a_watcher_removes_nothing_of_it(
    private: Path, commands: Commands, library: Path, trouble: Trouble
) -> None:
    """Also what had been noted as missing before, for longer than anything is kept."""
    with open_library(library) as opened, opened.write() as connection:
        red = sa.update(location).where(location.c.path == private / "red.mp4")
        connection.execute(red.values(missing_since=time.time() - 1e6))
    with trouble(private):
        with Watching(library, forget_after_seconds=0.001, rescan_seconds=0.2) as watch:
            watch.wait_for(lambda: sum(event["event"] == "looked" for event in watch.events) >= 3)
        with open_library(library) as opened, opened.read() as connection:
            assert len(connection.execute(sa.select(location.c.id)).all()) == 3
    report = commands("index", private.parent, code=None)
    assert counts(report) == {"videos": 3, "unchanged": 3}
    assert missing(commands) == 0


@pytest.mark.parametrize("trouble", TROUBLES)
def test_a_copy_elsewhere_is_no_move(private: Path, commands: Commands, trouble: Trouble) -> None:
    shutil.copy(private / "red.mp4", private.parent / "again.mp4")
    with trouble(private):
        report = commands("index", private.parent, code=None)
        assert (report["moved"], report["copies"]) == (0, 1)
    report = commands("index", private.parent, code=None)
    assert (report["moved"], report["copies"], report["unchanged"]) == (0, 0, 4)
    (private.parent / "again.mp4").unlink()
    commands("forget", private.parent / "again.mp4", "--now")


@pytest.mark.parametrize("trouble", TROUBLES[:1] + TROUBLES[3:4])
def test_requests_about_it_do_not_end_the_writer(
    private: Path, commands: Commands, library: Path, trouble: Trouble
) -> None:
    with trouble(private), Watching(library) as watch, open_library(library) as opened:
        for request in (RetryRequest(), IndexRequest((private / "below",)), RetryRequest((private,))):
            outcome = carry_out(opened, request, perform=_nobody, progress=lambda _: None)
            assert outcome.error is None
        assert watch.trouble is None
    assert missing(commands) == 0


def _nobody(*_: object) -> NoReturn:
    raise AssertionError("the watcher does it")


def test_what_was_forgotten_stays_hidden_once_it_can_be_read(own: tuple[Path, Commands]) -> None:
    """A tombstone is left: nobody can tell that the file is gone."""
    private, commands = own
    with open_library(commands.library) as opened, opened.write() as connection:
        red = sa.update(location).where(location.c.path == private / "red.mp4")
        connection.execute(red.values(missing_since=time.time()))
    with closed(private):
        commands("forget", private / "red.mp4", "--now", code=None)
    commands("watch", "--once", code=None)
    assert "red.mp4" not in commands.files("red", "--channel", "pictures")


def test_what_is_gone_from_a_folder_that_can_be_read_is_missing(own: tuple[Path, Commands]) -> None:
    private, commands = own
    (private / "red.mp4").unlink()
    with closed(private):
        commands("index", private.parent, code=5)
        assert missing(commands) == 0
    commands("index", private.parent, code=None)
    assert missing(commands) == 1
