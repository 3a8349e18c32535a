"""`retry`: files that could not be read are read again."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.commands import Commands
from tests.support.drives import Drive
from tests.support.films import film


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


def test_retry_leaves_the_failures_of_an_unplugged_drive(
    tmp_path: Path, commands: Commands, monkeypatch: pytest.MonkeyPatch
) -> None:
    drive = Drive(monkeypatch, tmp_path / "shelf")
    usb = drive.plug(tmp_path / "usb")
    film(usb / "red.mp4", "red")
    (usb / "letter.mkv").write_text("text " * 100)
    commands("index", usb, code=5)
    drive.unplug()
    assert commands("retry")["retried"] == 0
    assert [row["path"] for row in commands("status")["failures"]] == [str(usb / "letter.mkv")]
    drive.plug(usb)
    assert commands("retry", code=5)["retried"] == 1
