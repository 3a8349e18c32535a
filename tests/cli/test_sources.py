"""`sources list|add|remove|confirm`: rows that change at any time, whoever holds the lock."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from mediaindex.store.library import open_library
from tests.support.commands import Commands
from tests.support.films import film


@pytest.fixture
def indexed(videos: Path, commands: Commands) -> Path:
    for number, colour in enumerate(("red", "blue", "green", "yellow")):
        film(videos / f"{number} {colour}.mp4", colour)
    commands("index", videos)
    return videos


def test_a_source_is_added_before_anything_is_indexed(videos: Path, commands: Commands) -> None:
    added = commands("sources", "add", videos)
    assert added == {
        "schema": 1,
        "sources": [
            {
                "path": str(videos),
                "online": True,
                "files": 0,
                "missing": 0,
                "held_since": None,
                "polled": None,
                "thumbnails": "library",
            }
        ],
        "forgotten": [],
    }
    assert commands("sources", "list") == added == commands("sources", "add", videos)
    assert commands("status")["sources"] == added["sources"]
    assert str(videos) in commands.text("sources", "list").out


def test_what_cannot_be_a_source(indexed: Path, commands: Commands) -> None:
    for path in (indexed / "0 red.mp4", indexed / "gone", commands.library, commands.library / "frames"):
        ran = commands.ran("sources", "add", path)
        assert ran.code == 2, ran
    for action in ("remove", "confirm"):
        assert str(indexed) in commands.ran("sources", action, indexed.parent).json["error"]
    assert commands.ran("sources", "add", indexed, "--thumbnails", "some").code == 2
    assert [row["path"] for row in commands("sources", "list")["sources"]] == [str(indexed)]


def test_removing_a_source_keeps_its_videos(indexed: Path, commands: Commands) -> None:
    assert commands("sources", "remove", indexed) == {"schema": 1, "sources": [], "forgotten": []}
    assert commands("status")["videos"] == 4
    commands("sources", "add", indexed)
    gone = commands("sources", "remove", indexed, "--forget")
    assert len(gone["forgotten"]) == 4
    assert commands("status")["videos"] == 0
    assert len(commands("forget", "--undo")["restored"]) == 4


def test_no_lock_is_needed(indexed: Path, commands: Commands) -> None:
    with open_library(commands.library) as library, library.lock():
        commands("sources", "add", indexed.parent)
        commands("sources", "remove", indexed.parent, "--forget")
        assert commands("sources", "confirm", indexed)["forgotten"] == []


def test_a_held_source_waits_for_a_word(indexed: Path, commands: Commands) -> None:
    for path in sorted(indexed.iterdir())[:3]:
        path.unlink()
    told = commands.text("index", indexed)
    assert told.code == 0
    (row,) = commands("sources", "list")["sources"]
    assert (row["files"], row["missing"]) == (4, 3)
    assert row["held_since"] is not None
    assert f"sources confirm {indexed}" in commands.text("status").out
    confirmed = commands("sources", "confirm", indexed)
    assert [Path(path).name for path in confirmed["forgotten"]] == ["0 red.mp4", "1 blue.mp4", "2 green.mp4"]
    (row,) = confirmed["sources"]
    assert (row["files"], row["missing"], row["held_since"]) == (1, 0, None)
    # Undone, they are missing again, and counted anew by the next pass.
    assert len(commands("forget", "--undo")["restored"]) == 3
    assert commands("status")["missing"] == 3


def test_forgetting_what_is_missing_is_a_word_too(indexed: Path, commands: Commands) -> None:
    shutil.move(indexed, indexed.parent / "elsewhere")
    commands("index", indexed)
    (row,) = commands("sources", "list")["sources"]
    assert (row["online"], row["held_since"] is None) == (False, False)
    assert "gone" in commands.text("sources", "list").out
    commands("forget", indexed)
    assert commands("sources", "list")["sources"][0]["held_since"] is None


def test_a_private_source_has_no_thumbnails(indexed: Path, commands: Commands) -> None:
    secret = film(indexed.parent / "secret" / "white.mp4", "white")
    commands("index", secret.parent)
    folder = commands.library / "thumbnails"
    commands.hits("white", "--limit", 9)
    before = {path.name for path in folder.iterdir()}
    assert len(before) == 5
    commands("sources", "add", secret.parent, "--thumbnails", "none")
    assert len(list(folder.iterdir())) == 4
    seen = {Path(hit["path"]).name: hit["thumbnail"] for hit in commands.hits("white", "--limit", 9)}
    assert seen.pop("white.mp4") is None
    assert all(picture is not None and Path(picture).is_file() for picture in seen.values())
    assert len(list(folder.iterdir())) == 4
    assert "no thumbnails" in commands.text("sources", "list").out
    # A copy elsewhere is the same content.
    shutil.copy(secret, indexed / "copy of white.mp4")
    commands("index", indexed)
    assert commands.hits("white", "--limit", 1)[0]["thumbnail"] is None
    commands("sources", "add", secret.parent)
    assert commands("sources", "list")["sources"][-1]["thumbnails"] == "none"
    commands("sources", "add", secret.parent, "--thumbnails", "library")
    assert commands.hits("white", "--limit", 1)[0]["thumbnail"] is not None
