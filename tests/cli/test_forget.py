"""`forget`: videos are hidden, shown again, and removed; the files stay."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.support.commands import Commands, counts
from tests.support.films import film


@pytest.fixture
def three(videos: Path, commands: Commands) -> Path:
    film(videos / "red.mp4", "red")
    film(videos / "trip" / "blue.mp4", "blue")
    film(videos / "trip" / "green.mp4", "green")
    commands("index", videos)
    return videos


def test_forget_takes_a_folder_out_and_leaves_the_files(three: Path, commands: Commands) -> None:
    both = [str(three / "trip" / "blue.mp4"), str(three / "trip" / "green.mp4")]
    dry = commands("forget", three / "trip", "--dry-run")
    assert dry == {"schema": 1, "forgotten": both, "restored": [], "videos": 2, "dry_run": True}
    assert commands("status")["videos"] == 3
    assert "would forget" in commands.text("forget", three / "trip", "--dry-run").out

    assert commands("forget", three / "trip") == {**dry, "dry_run": False}
    assert (three / "trip" / "blue.mp4").is_file()
    status = commands("status")
    assert (status["videos"], status["locations"], status["forgotten"]) == (1, 1, 2)
    assert (status["segments"], status["media_seconds"], status["spaces"][0]["vectors"]) == (1, 2.0, 1)
    assert commands.files("blue green", "--limit", 10) == ["red.mp4"]
    assert commands.files("blue", "--channel", "words") == []
    assert commands("check")["problems"] == []

    assert counts(commands("index", three)) == {"videos": 3, "unchanged": 3}
    assert commands.files("blue", "--limit", 1) == ["blue.mp4"]
    assert commands("status")["forgotten"] == 0


def test_what_is_forgotten_is_nowhere_to_be_found(three: Path, commands: Commands) -> None:
    film(three.parent / "query.mp4", "blue")
    (rank,) = (hit["rank"] for hit in commands.hits("blue", "--limit", 1))
    commands("forget", three / "trip" / "blue.mp4")
    assert "forget --undo" in commands.ran("open", rank).json["error"]
    assert commands.ran("show", three / "trip" / "blue.mp4").code == 2
    similar = commands("similar", three.parent / "query.mp4")
    assert "blue.mp4" not in {Path(hit["path"]).name for hit in similar["hits"]}
    inside = commands.ran("search", "blue", "--in", three / "trip" / "blue.mp4")
    assert "nothing in" in inside.json["error"]
    assert commands.files("blue", "--in", three / "trip") == ["green.mp4"]


def test_undo_shows_again_what_the_last_forget_took(three: Path, commands: Commands) -> None:
    commands("forget", three / "red.mp4")
    commands("forget", three / "trip" / "blue.mp4", three / "trip" / "green.mp4")
    dry = commands("forget", "--undo", "--dry-run")
    assert [Path(path).name for path in dry["restored"]] == ["blue.mp4", "green.mp4"]
    assert commands.files("blue red", "--limit", 10) == []
    back = commands("forget", "--undo")
    assert (back["restored"], back["videos"], back["forgotten"]) == (dry["restored"], 2, [])
    assert set(commands.files("blue red", "--limit", 10)) == {"blue.mp4", "green.mp4"}
    assert commands("forget", "--undo", three)["restored"] == [str(three / "red.mp4")]
    for nothing in (("--undo",), ("--undo", three)):
        assert commands.ran("forget", *nothing).code == 2
    assert commands("status")["videos"] == 3


def test_now_cannot_be_undone(three: Path, commands: Commands) -> None:
    commands("forget", three / "trip" / "blue.mp4")
    gone = commands("forget", three / "trip", "--now")
    assert (len(gone["forgotten"]), gone["videos"]) == (2, 2)
    status = commands("status")
    assert (status["videos"], status["locations"], status["forgotten"]) == (1, 1, 0)
    assert len(list((commands.library / "frames").rglob("*.mif"))) == 1
    assert commands("check")["problems"] == []
    assert counts(commands("index", three)) == {"videos": 3, "indexed": 2, "unchanged": 1, "decoded": 2}


def test_forget_wants_to_know_what(commands: Commands, three: Path) -> None:
    assert "--undo" in commands.ran("forget").json["error"]
    assert commands.ran("forget", three, "--now", "--undo").code == 2
    assert "for 30 days" in commands.text("forget", three / "red.mp4").err
    assert "shows again" in commands.text("forget", "--undo").out
    assert "would show again" not in commands.text("forget", three, "--dry-run").out


def test_a_copy_keeps_the_video(three: Path, commands: Commands) -> None:
    shutil.copy(three / "red.mp4", three / "again.mp4")
    commands("index", three)
    assert commands("forget", three / "red.mp4")["videos"] == 0
    assert commands.files("red", "--channel", "pictures", "--limit", 1) == ["again.mp4"]
    assert commands("forget", three / "again.mp4")["videos"] == 1
    assert "again.mp4" not in commands.files("red")


def test_forget_what_was_deleted(three: Path, commands: Commands) -> None:
    (three / "red.mp4").unlink()
    commands("index", three)
    commands("forget", three / "red.mp4")
    assert commands("status")["missing"] == 0
    commands("forget", three / "red.mp4", "--now")
    assert commands("forget", "--undo", three, code=2)["exit_code"] == 2


def test_forget_what_is_not_there(three: Path, commands: Commands) -> None:
    for arguments in ((three / "gone.mp4",), (three / "gone.mp4", "--dry-run")):
        ran = commands.ran("forget", *arguments)
        assert ran.code == 2
        assert "is indexed" in ran.json["error"]
    assert commands("status")["videos"] == 3


def test_forget_a_file_that_failed(videos: Path, commands: Commands) -> None:
    (videos / "letter.mkv").write_text("text " * 100)
    commands("index", videos, code=5)
    ran = commands.ran("forget", videos / "letter.mkv")
    assert ran.code == 0, ran
    assert commands("status")["failures"] == []
    assert commands("status")["locations"] == 0
    assert commands("index", videos, code=5)["failed"][0]["path"] == str(videos / "letter.mkv")


def test_a_forgotten_file_that_cannot_be_read_any_more_leaves_nothing(
    three: Path, commands: Commands
) -> None:
    commands("forget", "--now", three / "red.mp4")
    (three / "red.mp4").write_bytes(b"no film any more")
    commands("index", three, code=5)
    assert commands("check")["problems"] == []
    assert commands("status")["locations"] == 2
