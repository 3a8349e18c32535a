"""Commands that only read: nothing that they cannot write, and nobody who writes, costs their answer."""

from __future__ import annotations

import contextlib
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from tests.support.commands import Commands, index_quietly
from tests.support.disks import fill, mounted
from tests.support.films import film
from tests.support.older_libraries import downgraded


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A library of two films, and their folder."""
    folder = tmp_path_factory.mktemp("whole")
    for colour in ("red", "blue"):
        film(folder / "films" / f"{colour}.mp4", colour)
    index_quietly(folder / "library", folder / "films")
    return folder / "library", folder / "films"


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of its own."""
    yield from mounted(tmp_path / "disk", "-t", "tmpfs", "-o", "size=8m", "tmpfs")


def copied(whole: Path, to: Path) -> Path:
    return shutil.copytree(whole, to / "library")


@contextlib.contextmanager
def read_only(library: Path, at: Path) -> Iterator[Path]:
    """The library once more, on a disk that cannot be written."""
    yield from mounted(at, "--bind", "-o", "ro", str(library))


def left_by_a_kill(library: Path) -> None:
    """The newest commit stands only in SQLite's log, as a killed process leaves it."""
    with closing(sqlite3.connect(library / "library.sqlite")) as database:
        database.execute("CREATE TABLE killed(value)")
        database.commit()
        for name in ("library.sqlite", "library.sqlite-wal"):
            shutil.copy(library / name, library / f"{name}.kept")
    for name in ("library.sqlite", "library.sqlite-wal"):
        (library / f"{name}.kept").replace(library / name)
    assert (library / "library.sqlite-wal").stat().st_size


def answers_of_every_reader(commands: Commands, films: Path) -> None:
    """Every command that only reads, on a library of a red and a blue film."""
    assert commands.files("red", "--channel", "pictures", "--limit", 1) == ["red.mp4"]
    opened = commands("open", 1, "--player", "true {path} {seconds}")
    assert Path(opened["path"]).name == "red.mp4"
    found = commands("similar", films / "blue.mp4", "--limit", 1)["hits"]
    assert [Path(hit["path"]).name for hit in found] == ["red.mp4"]
    opened = commands("open", 1, "--player", "true {path} {seconds}")
    assert Path(opened["path"]).name == "red.mp4"
    assert commands("show", films / "blue.mp4")["path"] == str(films / "blue.mp4")
    assert commands("status")["videos"] == 2
    assert [row["files"] for row in commands("sources", "list")["sources"]] == [2]
    assert commands("watch", "--status")["running"] is False
    assert commands("check")["problems"] == []
    assert any(row["used"] for row in commands("models", "list", "--no-measure")["encoders"]) is False
    assert commands("config", "show")["values"]
    with contextlib.suppress(FileNotFoundError):
        shutil.rmtree(films.parent / "backup")
    assert commands("backup", films.parent / "backup")["videos"] == 2


@pytest.mark.parametrize("log", ["no log", "a log with the newest commit"])
def test_a_full_disk(
    log: str, whole: tuple[Path, Path], disk: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    library = copied(whole[0], disk)
    if log != "no log":
        left_by_a_kill(library)
    fill(disk / "filler")
    answers_of_every_reader(Commands(library, capsys), whole[1])


def test_a_full_disk_while_another_process_has_the_library_open(
    whole: tuple[Path, Path], disk: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    library = copied(whole[0], disk)
    with closing(sqlite3.connect(library / "library.sqlite")) as other:
        other.execute("SELECT count(*) FROM meta").fetchall()
        fill(disk / "filler")
        answers_of_every_reader(Commands(library, capsys), whole[1])
    assert list((library / "thumbnails").glob("*.tmp")) == []


@pytest.mark.parametrize("left", ["no log", "a log", "a log and its index"])
def test_a_read_only_disk(
    left: str, whole: tuple[Path, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    library = copied(whole[0], tmp_path)
    if left != "no log":
        left_by_a_kill(library)
    if left == "a log and its index":
        (library / "library.sqlite-shm").write_bytes(bytes(32768))
    with read_only(library, tmp_path / "frozen") as frozen:
        answers_of_every_reader(Commands(frozen, capsys), whole[1])


def test_a_library_of_an_older_schema_on_a_read_only_disk(
    whole: tuple[Path, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    library = copied(whole[0], tmp_path)
    downgraded(library / "library.sqlite", "0001")
    before = (library / "library.sqlite").read_bytes()
    with read_only(library, tmp_path / "frozen") as frozen:
        answers_of_every_reader(Commands(frozen, capsys), whole[1])
    assert (library / "library.sqlite").read_bytes() == before


@contextlib.contextmanager
def long_transaction(library: Path) -> Iterator[None]:
    """Another process that writes all the time."""
    with closing(sqlite3.connect(library / "library.sqlite", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        other.execute("UPDATE meta SET value = value")
        yield
        other.execute("ROLLBACK")


def test_beside_a_long_transaction(
    whole: tuple[Path, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    commands = Commands(copied(whole[0], tmp_path), capsys)
    commands.hits("blue")
    with long_transaction(commands.library):
        answers_of_every_reader(commands, whole[1])


def test_the_answer_of_the_library_is_newer_again(
    whole: tuple[Path, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    commands = Commands(copied(whole[0], tmp_path), capsys)
    with long_transaction(commands.library):
        commands.hits("blue", "--channel", "pictures")
    commands.hits("red", "--channel", "pictures")
    opened = commands("open", 1, "--player", "true {path} {seconds}")
    assert Path(opened["path"]).name == "red.mp4"


def test_an_answer_that_nothing_can_keep_is_given(
    whole: tuple[Path, Path],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    (tmp_path / "a file").write_text("")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "a file"))
    commands = Commands(copied(whole[0], tmp_path), capsys)
    with long_transaction(commands.library):
        ran = commands.text("search", "red", "--channel", "pictures")
    assert ran.code == 0
    assert "red.mp4" in ran.out
    assert "cannot be remembered" in ran.err


@pytest.mark.parametrize("reserve", [True, False])
@pytest.mark.parametrize("command", ["forget", "compact"])
def test_what_makes_room_works_on_a_full_disk(
    command: str, reserve: bool, whole: tuple[Path, Path], disk: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    library, films = copied(whole[0], disk), whole[1]
    if not reserve:
        (library / "reserve").unlink()
        (library / "thumbnails").mkdir(exist_ok=True)
        (library / "thumbnails" / "shown.jpg").write_bytes(bytes(1 << 20))
    commands = Commands(library, capsys)
    fill(disk / "filler")
    if command == "forget":
        assert commands("forget", "--now", films / "red.mp4")["forgotten"] == [str(films / "red.mp4")]
        assert "red.mp4" not in commands.files("red")
        assert commands("status")["videos"] == 1
    else:
        assert commands("compact")["postponed"] is False
    assert commands("check")["problems"] == []
    (disk / "filler").unlink()
    commands("compact")
    assert (library / "reserve").stat().st_size == 1 << 20
