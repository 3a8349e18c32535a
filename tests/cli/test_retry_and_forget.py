"""`retry` what failed, `forget` what is not wanted."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.cli.conftest import Commands, film
from tests.cli.test_index import counts


def test_retry_reads_dead_files_again(videos: Path, commands: Commands) -> None:
    film(videos / "red.mp4", "red")
    for name in ("a.mkv", "b.mkv"):
        (videos / name).write_text("text " * 100)
    commands("index", videos, code=5)
    only = commands("retry", videos / "a.mkv", code=5)
    assert (only["retried"], len(only["failed"])) == (1, 1)
    every = commands("retry", code=5)
    assert (every["retried"], len(every["failed"]), every["decoded"]) == (2, 2, 0)
    assert len(commands("status")["failures"]) == 2
    (videos / "a.mkv").unlink()
    (videos / "b.mkv").unlink()
    assert commands("retry")["retried"] == 0
    assert commands("status")["failures"] == []
    assert "0 files tried again" in commands.text("retry").out


def test_retry_takes_the_limits_of_today(
    videos: Path, commands: Commands, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A decoder without memory fails on a file that is read once it has some."""
    film(videos / "large.mp4", ("red", 3.0), size=(7680, 4320), fps=1)
    monkeypatch.setenv("MEDIAINDEX_DECODE_MEMORY_MIB", "64")
    report = commands("index", videos, code=5)
    assert report["failed"][0]["path"] == str(videos / "large.mp4")
    assert commands("status")["failures"][0]["state"] == "waiting"
    monkeypatch.delenv("MEDIAINDEX_DECODE_MEMORY_MIB")
    report = commands("retry")
    assert (report["retried"], report["indexed"], report["failed"]) == (1, 1, [])
    assert commands.files("red", "--channel", "pictures") == ["large.mp4"]


@pytest.fixture
def three(videos: Path, commands: Commands) -> Path:
    film(videos / "red.mp4", "red")
    film(videos / "trip" / "blue.mp4", "blue")
    film(videos / "trip" / "green.mp4", "green")
    commands("index", videos)
    return videos


def test_forget_takes_a_folder_out_and_leaves_the_files(three: Path, commands: Commands) -> None:
    dry = commands("forget", three / "trip", "--dry-run")
    assert list(dry) == ["schema", "forgotten", "videos", "dry_run"]
    assert dry["forgotten"] == [str(three / "trip" / "blue.mp4"), str(three / "trip" / "green.mp4")]
    assert dry["dry_run"] is True
    assert commands("status")["videos"] == 3
    assert "would forget" in commands.text("forget", three / "trip", "--dry-run").out

    gone = commands("forget", three / "trip")
    assert (gone["forgotten"], gone["videos"], gone["dry_run"]) == (dry["forgotten"], 2, False)
    assert (three / "trip" / "blue.mp4").is_file()
    status = commands("status")
    assert (status["videos"], status["locations"]) == (1, 1)
    assert commands.files("blue green", "--limit", 10) == ["red.mp4"]
    assert commands("check")["problems"] == []
    assert len(list((commands.library / "frames").rglob("*.mif"))) == 1

    assert counts(commands("index", three)) == {"videos": 3, "indexed": 2, "unchanged": 1, "decoded": 2}


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
