"""Every call that meets a file of the user may fail, with any error: it costs that file, and nothing else."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from mediaindex.store.catalog import locations
from mediaindex.store.library import open_library
from tests.support.commands import Commands
from tests.support.faults import BROKEN, DENIED, LOOP, STALE, before, failing
from tests.support.films import film, srt
from tests.support.watch_loop import Watching

ERRORS = [
    pytest.param(error, id=type(error).__name__ if type(error) is not OSError else str(error.strerror))
    for error in (DENIED, BROKEN, STALE, LOOP)
]
CALLS = ["stat", "open", "pread", "readv"]
FILM, FOLDER = "bad/blue.mp4", "bad"
WORDS = ("--channel", "words")


@pytest.fixture
def films(videos: Path) -> Path:
    film(videos / "a" / "red.mp4", "red")
    film(videos / FILM, "blue")
    film(videos / "c" / "green.mp4", "green")
    return videos


def found(commands: Commands) -> set[str]:
    return {name for colour in ("red", "blue", "green") for name in commands.files(colour)[:1]}


@pytest.mark.parametrize("error", ERRORS)
@pytest.mark.parametrize("call", CALLS)
def test_index_goes_on_behind_a_file(call: str, error: OSError, films: Path, commands: Commands) -> None:
    if call == "stat" and error is LOOP:
        pytest.skip("a scan takes this for a link that leads nowhere, which nobody wants to hear of")
    with failing(call, error, below=films / FILM) as fault:
        report = commands("index", films, code=5)
    assert fault.raised
    ((failed),) = report["failed"]
    assert failed["path"] == str(films / FILM)
    assert error.strerror in failed["reason"]
    assert report["indexed"] == 2
    assert found(commands) == {"red.mp4", "green.mp4"}

    again = commands("index", films)
    assert (again["failed"], again["indexed"], again["decoded"]) == ([], 1, 1)
    assert found(commands) == {"red.mp4", "green.mp4", "blue.mp4"}
    assert commands("check")["problems"] == []


@pytest.mark.parametrize("error", ERRORS)
@pytest.mark.parametrize("call", CALLS)
def test_index_keeps_what_it_knows_of_a_file(
    call: str, error: OSError, films: Path, commands: Commands
) -> None:
    """The file is touched, so that it is looked at; what was known of it stays, and is found."""
    commands("index", films)
    os.utime(films / FILM, (1, 1))
    film(films / "a" / "new.mp4", "yellow")
    with failing(call, error, below=films / FILM) as fault:
        report = commands.ran("index", films).json
    assert fault.raised
    assert report["indexed"] == 1, "the new film"
    assert found(commands) == {"red.mp4", "green.mp4", "blue.mp4"}
    again = commands("index", films)
    assert (again["failed"], again["decoded"]) == ([], 0)
    assert commands("status")["missing"] == 0
    assert commands("check")["problems"] == []


@pytest.mark.parametrize("error", ERRORS)
@pytest.mark.parametrize("call", ["scandir", "listdir"])
def test_index_goes_on_behind_a_folder(call: str, error: OSError, films: Path, commands: Commands) -> None:
    srt(films / "bad" / "blue.srt", (0.0, 1.0, "lighthouse"))
    commands("index", films)
    film(films / "c" / "yellow.mp4", "yellow")
    with failing(call, error, below=films / FOLDER) as fault:
        report = commands.ran("index", films).json
    assert fault.raised
    assert report["indexed"] == 1
    assert commands("status")["missing"] == 0, "what cannot be listed is not gone"
    assert commands.files("lighthouse", *WORDS) == ["blue.mp4"], "nor are its words"
    again = commands("index", films)
    assert (again["failed"], again["decoded"]) == ([], 0)
    assert commands.files("lighthouse", *WORDS) == ["blue.mp4"]


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("known", [False, True], ids=["new", "known"])
def test_a_file_that_goes_at_any_moment_is_gone(
    call: str, known: bool, films: Path, commands: Commands
) -> None:
    if known:
        commands("index", films)
        os.utime(films / FILM, (1, 1))
    with before(call, (films / FILM).unlink, at=films / FILM) as fault:
        report = commands.ran("index", films).json
    assert fault.raised
    assert report["failed"] == [] or call == "readv", "only what is being decoded is missed"
    assert commands.files("red")[:1] == ["red.mp4"]
    assert commands.files("green")[:1] == ["green.mp4"]
    again = commands("index", films)
    assert (again["failed"], again["videos"]) == ([], 2)
    assert commands("status")["missing"] == known
    assert commands("check")["problems"] == []


@pytest.mark.parametrize("call", ["stat", "open", "pread", "readv", "scandir"])
def test_a_watcher_outlives_them(call: str, films: Path, commands: Commands) -> None:
    commands("index", films / "a")
    commands("sources", "add", films)
    with failing(call, BROKEN, below=films / FOLDER) as fault, Watching(commands.library) as watching:
        film(films / "a" / "yellow.mp4", "yellow")
        watching.wait_for(lambda: indexed(watching) >= {"yellow.mp4", "green.mp4"})
        assert fault.raised
    assert commands("index", films)["failed"] == []
    assert commands.files("blue")[:1] == ["blue.mp4"]


def indexed(watching: Watching) -> set[str]:
    """Names of the films of which the watcher's library shows pictures."""
    with open_library(watching.root) as library, library.read() as connection:
        places = locations.locations_below(connection, [Path("/")])
    return {path.name for path, place in places.items() if place.video_id is not None}
