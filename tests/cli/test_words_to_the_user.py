"""What commands say of files that are not there, of what cannot be read, and of what was mistyped."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from mediaindex.cli import COMMANDS, build_parser
from tests.support.commands import Commands
from tests.support.drives import Drive
from tests.support.films import film

PLAYER = ("--player", "true {path} {seconds}")


def of_an_absent_film(commands: Commands, path: Path) -> list[str]:
    """What every command that names a film says of one that is not there."""
    search = commands.text("search", path.stem, "--channel", "words").out
    opened = commands.text("open", 1, *PLAYER)
    assert opened.code == 2
    similar = commands.text("similar", path)
    assert similar.code == 0, similar
    return [search, opened.err, commands.text("show", path).out, commands.text("sources", "list").out]


def test_a_file_that_is_gone_is_not_called_unplugged(three: Path, commands: Commands) -> None:
    (three / "red.mp4").rename(three.parent / "red.mp4")
    (three / "blue.mp4").unlink()
    (three / "green.mp4").unlink()
    three.rmdir()
    for said in of_an_absent_film(commands, three / "red.mp4"):
        assert "gone: it was moved or deleted" in said
        assert "plug in" not in said
    assert commands("status")["offline"] == 0
    commands("index", three)
    status = commands("status")
    assert (status["offline"], status["missing"]) == (0, 3)
    assert "gone" in commands.text("status").out


def test_a_drive_that_is_away_is_named(
    tmp_path: Path, commands: Commands, monkeypatch: pytest.MonkeyPatch
) -> None:
    drive = Drive(monkeypatch, tmp_path / "shelf")
    path = film(drive.plug(tmp_path / "usb") / "red.mp4", "red")
    film(tmp_path / "usb" / "blue.mp4", "blue")
    commands("index", tmp_path / "usb")
    drive.unplug()
    for said in of_an_absent_film(commands, path):
        assert "offline: plug in //nas/films" in said
    assert commands("status")["offline"] == 2


def test_a_folder_that_cannot_be_entered_is_named(
    three: Path, commands: Commands, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As a user who is not root meets it."""
    stat, exists = os.stat, os.path.exists
    below = str(three) + "/"

    def refusing(path: object, **options: object) -> os.stat_result:
        if isinstance(path, str | Path) and str(path).startswith(below):
            raise PermissionError(13, "Permission denied", str(path))
        return stat(path, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(os, "stat", refusing)
    monkeypatch.setattr(os.path, "exists", lambda path: not str(path).startswith(below) and exists(path))
    said = commands.text("search", "red", "--channel", "words").out
    assert "cannot be read: Permission denied" in said
    assert "plug in" not in said


def test_an_unreadable_folder_stands_in_status_until_it_can_be_read(
    videos: Path, commands: Commands, monkeypatch: pytest.MonkeyPatch
) -> None:
    film(videos / "red.mp4", "red")
    film(videos / "bad" / "blue.mp4", "blue")
    scandir = os.scandir

    def failing(path: str) -> object:
        if os.fspath(path) == str(videos / "bad"):
            raise OSError(5, "Input/output error")
        return scandir(path)

    with monkeypatch.context() as broken:
        broken.setattr(os, "scandir", failing)
        commands("index", videos, code=5)
        (row,) = commands("status")["failures"]
        assert (row["path"], row["state"], row["reason"]) == (
            str(videos / "bad"),
            "waiting",
            "Input/output error",
        )
        assert "Input/output error" in commands.text("status").out
        assert commands("retry", code=5)["retried"] == 0
        assert len(commands("status")["failures"]) == 1
    assert commands("retry")["indexed"] == 1
    assert commands("status")["failures"] == []
    assert [row["path"] for row in commands("sources", "list")["sources"]] == [str(videos)]


def test_a_folder_is_neither_an_image_nor_a_video(three: Path, commands: Commands) -> None:
    for folder in (three, three.parent):
        ran = commands.ran("similar", folder)
        assert ran.code == 2
        assert "folder" in ran.json["error"]
        assert "neither an image nor a video" in ran.json["error"]
    assert "does not exist" in commands.ran("similar", three / "never.mp4").json["error"]


@pytest.mark.parametrize("command", [("search", "red"), ("check",), ("check", "--repair"), ("status",)])
def test_advice_for_a_truncated_database_leads_out(
    command: tuple[str, ...], three: Path, commands: Commands
) -> None:
    path = commands.library / "library.sqlite"
    with path.open("r+b") as file:
        file.truncate(path.stat().st_size // 2)
    ran = commands.text(*command)
    assert ran.code == 6
    assert "mediaindex restore" in ran.err
    assert "index again" in ran.err
    assert "run 'mediaindex check --repair'" not in ran.err
    path.unlink()
    assert commands("index", three)["indexed"] == 3
    assert commands("check")["problems"] == []


def test_check_names_the_remedy_of_a_damaged_index(three: Path, commands: Commands) -> None:
    """SQLite opens it, and its own check finds a row that has lost another."""
    with closing(sqlite3.connect(commands.library / "library.sqlite")) as database:
        database.execute("DELETE FROM video WHERE id = 1")
        database.commit()
    ran = commands.text("check", "--repair", "--device", "cpu")
    if ran.code:
        assert "mediaindex restore" in ran.err


NUMBERS = [
    (("search", "red"), ("--min-duration", "--max-duration", "--min-score", "--limit", "--per-video")),
    (("search", "red"), ("--candidates", "--like", "--unlike")),
    (("similar", "red.mp4"), ("--min-duration", "--max-duration", "--min-score", "--limit", "--per-video")),
    (("watch",), ("--quiet-seconds", "--rescan-minutes", "--forget-after", "--max-load", "--jobs")),
    (("index", "x"), ("--jobs", "--cache-limit")),
    (("train",), ("--steps", "--seed")),
    (("show", "red.mp4"), ("--picture",)),
    (("export", "--format", "csv", "--out", "x", "--query", "red"), ("--limit", "--handles")),
    (("describe", "red.mp4"), ("--limit",)),
]


@pytest.mark.parametrize(
    ("command", "option"), [(command, option) for command, options in NUMBERS for option in options]
)
@pytest.mark.parametrize("typed", ["nan", "inf", "-inf", "-1", "1e400", "9" * 30, "", "x"])
def test_numbers_that_are_none(command: tuple[str, ...], option: str, typed: str, commands: Commands) -> None:
    if option == "--min-score" and typed in ("-1", "9" * 30):
        return  # similarities are numbers of either sign
    ran = commands.text(*command, f"{option}={typed}")
    assert ran.code == 2, ran
    assert not commands.library.exists()


@pytest.mark.parametrize("typed", ["nan", "inf", "-1", "1e400"])
def test_moments_that_are_none(typed: str, three: Path, commands: Commands) -> None:
    ran = commands.ran("similar", f"{three / 'red.mp4'}@{typed}")
    assert ran.code == 2


@pytest.mark.parametrize(
    "arguments",
    [
        *(("search", "red", "--in"), ("similar", "red.mp4", "--in"), ("similar",), ("show",), ("index",)),
        *(
            ("watch",),
            ("forget",),
            ("retry",),
            ("backup",),
            ("restore",),
            ("models", "import", "--name", "x"),
        ),
        *(("sources", action) for action in ("add", "remove", "confirm")),
        ("features", "--split", "val", "--out", "x"),
        ("features", ".", "--split", "val", "--out"),
        ("features", ".", "--split", "val", "--out", "x", "--captions"),
        *(("train", option) for option in ("--features", "--out", "--first-stage")),
        ("status", "--library"),
    ],
)
def test_an_empty_path_is_refused(arguments: tuple[str, ...], three: Path, commands: Commands) -> None:
    ran = commands.text(*arguments, "")
    assert ran.code == 2, ran
    assert commands("status")["videos"] == 3


def test_every_number_is_typed_in_the_tests_above() -> None:
    tried = {option for _command, options in NUMBERS for option in options}
    numbers = set()
    for name in COMMANDS:
        (subparsers,) = (a for a in build_parser()._actions if a.dest == "command")
        for action in subparsers.choices[name]._actions:  # type: ignore[index]
            if getattr(action.type, "__name__", "") in {
                *("int", "float", "positive", "whole", "positive_number", "duration", "finite", "mebibytes")
            }:
                numbers |= {option for option in action.option_strings if option.startswith("--")}
    assert numbers <= tried
