"""What the library is made of may fail as well: the rest goes on or waits, and a second run is right."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import lancedb
import pytest

from mediaindex.background import loop
from mediaindex.store.catalog import locations
from mediaindex.store.library import open_library
from mediaindex.store.vectors import spaces
from tests.support.commands import OTHER_ENCODER, Commands
from tests.support.faults import BROKEN, FULL, Fault, calls_failing, failing, statements_failing
from tests.support.films import film
from tests.support.watch_loop import Watching

Faulty = Callable[[Path], AbstractContextManager[Fault]]
COLOURS = ("red", "blue", "green")


def full_database(_library: Path) -> AbstractContextManager[Fault]:
    return statements_failing(sqlite3.OperationalError("database or disk is full"), of="INSERT INTO indexed")


def locked_database(_library: Path) -> AbstractContextManager[Fault]:
    return statements_failing(sqlite3.OperationalError("database is locked"), of="INSERT INTO indexed")


def full_table(_library: Path) -> AbstractContextManager[Fault]:
    error = RuntimeError("lance error: LanceError(IO): No space left on device (os error 28), rust/lance")
    return calls_failing(lancedb.table.LanceTable, "add", error)


def broken_table(_library: Path) -> AbstractContextManager[Fault]:
    error = OSError("Generic LocalFileSystem error: Input/output error (os error 5)")
    return calls_failing(lancedb.table.LanceTable, "add", error)


def full_matrix(library: Path) -> AbstractContextManager[Fault]:
    return failing("fsync", FULL, below=library / "matrix")


def broken_matrix(library: Path) -> AbstractContextManager[Fault]:
    return failing("fsync", BROKEN, below=library / "matrix")


def closed_matrix(library: Path) -> AbstractContextManager[Fault]:
    return failing("open", BROKEN, below=library / "matrix")


FAULTS = {  # with the exit code of a command that meets it
    full_database: 7,
    locked_database: 3,
    full_table: 7,
    broken_table: 6,
    full_matrix: 7,
    broken_matrix: 0,
    closed_matrix: 0,
}
EACH_FAULT = pytest.mark.parametrize(("faulty", "code"), FAULTS.items(), ids=[f.__name__ for f in FAULTS])


@pytest.fixture
def films(videos: Path) -> Path:
    for colour in COLOURS:
        film(videos / f"{colour}.mp4", colour)
    return videos


def must_be_right(commands: Commands) -> None:
    """All films are found by their pictures, both stores agree, and the matrix holds all that is visible."""
    for colour in COLOURS:
        assert commands.files(colour, "--channel", "pictures", "--limit", 1) == [f"{colour}.mp4"]
    assert commands("check")["problems"] == []
    with open_library(commands.library) as library:
        with library.read() as connection:
            space = spaces.active_space(connection)
            assert space is not None
            visible = spaces.owned(connection, space.id)
        assert set(library.matrix(space).load().generation.tolist()) == set(visible)


@EACH_FAULT
def test_index(faulty: Faulty, code: int, films: Path, commands: Commands) -> None:
    with faulty(commands.library) as fault:
        ran = commands.ran("index", films)
    assert fault.raised
    assert ran.code == code
    assert (len(ran.json.get("error", "").splitlines()) == 1) == (code != 0)
    again = commands("index", films)
    assert (again["failed"], again["decoded"] <= len(COLOURS)) == ([], True)
    must_be_right(commands)


@EACH_FAULT
def test_models_use(faulty: Faulty, code: int, films: Path, commands: Commands) -> None:
    commands("index", films)
    with faulty(commands.library) as fault:
        assert commands.ran("models", "use", OTHER_ENCODER).code == code
        assert fault.raised
        if code:
            assert commands.files("red", "--channel", "pictures")[0] == "red.mp4", "the old space serves"
    assert commands("models", "use", OTHER_ENCODER)["encoder"] == OTHER_ENCODER
    assert commands("status")["encoder"] == OTHER_ENCODER
    must_be_right(commands)


@EACH_FAULT
def test_check_repair(faulty: Faulty, code: int, films: Path, commands: Commands) -> None:
    commands("index", films)
    for part in ("vectors", "matrix"):
        shutil.rmtree(commands.library / part)
    with faulty(commands.library) as fault:
        assert commands.ran("check", "--repair").code == code
        assert fault.raised
    commands("check", "--repair")
    must_be_right(commands)


@EACH_FAULT
def test_watch(
    faulty: Faulty, code: int, videos: Path, commands: Commands, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loop, "TROUBLE_SECONDS", 2.0)
    film(videos / "red.mp4", "red")
    commands("index", videos)
    with Watching(commands.library) as watching:
        with faulty(commands.library) as fault:
            for colour in COLOURS[1:]:
                film(videos / f"{colour}.mp4", colour)
            watching.wait_for(lambda: bool(fault.raised))
            if code:
                watching.wait_for(lambda: "paused" in [event["event"] for event in watching.events])
        watching.wait_for(lambda: shown(commands.library) == {f"{colour}.mp4" for colour in COLOURS})
    # Where only the matrix found no room, the videos are shown before the watcher has mended it.
    assert commands("index", videos)["decoded"] == 0
    must_be_right(commands)


def shown(root: Path) -> set[str]:
    """Names of the films that are visible."""
    with open_library(root) as library, library.read() as connection:
        places = locations.locations_below(connection, [Path("/")])
    return {path.name for path, place in places.items() if place.video_id is not None}


def test_vectors_that_are_no_numbers_are_told(films: Path, commands: Commands) -> None:
    commands("index", films)
    for path in (commands.library / "vectors").glob("*.lance/data/*.lance"):
        content = bytearray(path.read_bytes())
        for place in range(0, min(400, len(content)), 2):
            content[place : place + 2] = b"\xff\x7f"  # a NaN of 16 bits
        path.write_bytes(content)
    shutil.rmtree(commands.library / "matrix")
    ran = commands.ran("search", "red", "--channel", "pictures")
    assert (ran.code, "check --repair" in ran.json["error"]) == (6, True)
    commands("check", "--repair")
    must_be_right(commands)


def test_an_empty_name_of_an_encoder_is_refused(films: Path, commands: Commands) -> None:
    commands("index", films)
    for arguments in (("models", "use", ""), ("index", films, "--encoder", "")):
        assert commands.text(*map(str, arguments)).code == 2
