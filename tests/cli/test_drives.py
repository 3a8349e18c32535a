"""A drive that is unplugged, and plugged in again at another place."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from tests.support.commands import Commands, counts
from tests.support.drives import Drive, mounted
from tests.support.films import film


@pytest.fixture
def drive(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Drive:
    return Drive(monkeypatch, tmp_path / "shelf")


def filled(folder: Path) -> Path:
    film(folder / "red.mp4", "red")
    film(folder / "trip" / "blue.mp4", "blue")
    return folder


def test_an_unplugged_drive_answers_and_is_named(drive: Drive, tmp_path: Path, commands: Commands) -> None:
    commands("index", filled(drive.plug(tmp_path / "usb")))
    (hit,) = commands.hits("red", "--limit", 1)
    assert (hit["online"], hit["volume"]) == (True, "//nas/films")
    drive.unplug()
    assert commands("index", tmp_path / "usb")["offline"] == 2
    (hit,) = commands.hits("red", "--limit", 1)
    assert (hit["online"], hit["volume"], hit["path"]) == (
        False,
        "//nas/films",
        str(tmp_path / "usb/red.mp4"),
    )
    assert Path(hit["thumbnail"]).is_file()
    shown = commands("show", tmp_path / "usb/red.mp4")
    assert (shown["online"], shown["volume"]) == (False, "//nas/films")
    status = commands("status")
    assert (status["offline"], status["missing"]) == (2, 0)
    assert [(row["online"], row["missing"], row["held_since"]) for row in status["sources"]] == [
        (False, 0, None)
    ]


def test_a_drive_at_another_place_is_the_same_drive(drive: Drive, tmp_path: Path, commands: Commands) -> None:
    commands("index", filled(drive.plug(tmp_path / "usb")))
    (drive.at or tmp_path).joinpath("broken.mkv").write_text("text " * 100)
    commands("index", tmp_path / "usb", code=5)
    commands("sources", "add", tmp_path / "usb", "--thumbnails", "none")
    before = {hit["path"]: hit["segment_id"] for hit in commands.hits("red blue", "--limit", 9)}
    drive.unplug()
    commands("index", tmp_path / "usb")
    drive.plug(tmp_path / "other")
    report = commands("index", tmp_path / "other")
    assert counts(report) == {"videos": 2, "unchanged": 2}
    assert [Path(row["path"]).name for row in report["failed"]] == ["broken.mkv"]
    after = {hit["path"]: hit["segment_id"] for hit in commands.hits("red blue", "--limit", 9)}
    assert after == {path.replace("/usb/", "/other/"): segment for path, segment in before.items()}
    status = commands("status")
    assert [(row["path"], row["thumbnails"]) for row in status["sources"]] == [
        (str(tmp_path / "other"), "none")
    ]
    assert [row["path"] for row in status["failures"]] == [str(tmp_path / "other/broken.mkv")]
    assert status["offline"] == 0


def test_a_drive_without_a_name_is_told_by_its_files(
    tmp_path: Path, commands: Commands, monkeypatch: pytest.MonkeyPatch
) -> None:
    card = Drive(monkeypatch, tmp_path / "shelf", file_system="exfat", source="/dev/none")
    commands("index", filled(card.plug(tmp_path / "card")))
    card.unplug()
    shutil.copytree(card.shelf, tmp_path / "copy")
    report = commands("index", tmp_path / "card")
    assert report["offline"] == 2
    # A copy on another disk is a copy, since the card may come back.
    assert counts(commands("index", tmp_path / "copy")) == {"videos": 2, "copies": 2}
    card.plug(tmp_path / "slot")
    assert counts(commands("index", tmp_path / "slot")) == {"videos": 2, "moved": 2}
    assert commands("status")["offline"] == 0


def test_a_bind_mount_is_a_volume_of_its_own(tmp_path: Path, commands: Commands) -> None:
    """The real thing, where a test may mount: unplugged, its folder stays behind, empty."""
    disk = filled(tmp_path / "disk" / "films")
    one, two = tmp_path / "one", tmp_path / "two"
    one.mkdir()
    two.mkdir()
    with mounted("--bind", disk, one):
        assert counts(commands("index", one)) == {"videos": 2, "indexed": 2, "decoded": 2}
    assert commands("index", one)["offline"] == 2
    assert commands.hits("red", "--limit", 1)[0]["online"] is False
    with mounted("--bind", disk, two):
        assert counts(commands("index", two)) == {"videos": 2, "unchanged": 2}
        assert commands.hits("red", "--limit", 1)[0]["path"] == str(two / "red.mp4")
    assert commands("status")["offline"] == 2


def test_a_memory_disk_keeps_its_number(tmp_path: Path, commands: Commands) -> None:
    one, two = tmp_path / "one", tmp_path / "two"
    one.mkdir()
    two.mkdir()
    with mounted("-t", "tmpfs", "none", one):
        filled(one / "films")
        commands("index", one / "films")
        with mounted("--bind", one, two):
            # Mounted twice, it is still where it was.
            assert counts(commands("index", two / "films")) == {"videos": 2, "copies": 2}
            commands("forget", two / "films", "--now")
            subprocess.run(["umount", one], check=True)
            assert counts(commands("index", two / "films")) == {"videos": 2, "unchanged": 2}
    assert commands("status")["locations"] == 2
