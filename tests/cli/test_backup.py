"""`backup`: a copy beside a writer, of a read-only library, and onto a full disk."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.commands import Commands, first, process
from tests.support.disks import fill, mounted
from tests.support.films import film


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    yield from mounted(tmp_path / "small disk", "-t", "tmpfs", "-o", "size=4m", "tmpfs")


@pytest.mark.slow
def test_a_backup_while_an_index_runs(
    three: Path, commands: Commands, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for number in range(5):
        film(three / f"late {number}.mp4", "white", ("yellow", 2.0 + number))
    target = tmp_path / "backup"
    writer = process("index", three, "--jobs", 1, library=commands.library)
    try:
        copies = 0
        while (writer.poll() is None and copies < 6) or copies < 1:
            assert commands("backup", target)["videos"] >= 3
            copies += 1
        back = Commands(tmp_path / "seen", capsys)("restore", target)
        assert (back["problems"], back["decode_again"]) == ([], 0)
    finally:
        assert writer.wait(120) == 0
        writer.communicate()
    assert commands("check")["problems"] == []
    assert commands("status")["videos"] == 8


def test_a_backup_of_a_read_only_library(
    three: Path, commands: Commands, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for folder in mounted(tmp_path / "frozen", "--bind", "-o", "ro", str(commands.library)):
        frozen = Commands(folder, capsys)
        assert frozen("backup", tmp_path / "backup")["videos"] == 3
        assert frozen.ran("compact").code == 7
        assert frozen.ran("restore", tmp_path / "backup", "--force").code == 7
        assert frozen.ran("purge", "--yes").code == 7
    assert commands("check")["problems"] == []


def test_a_full_disk_under_compact_and_backup(
    videos: Path, small_disk: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    commands = Commands(small_disk / "library", capsys)
    for colour in ("red", "blue", "green"):
        film(videos / f"{colour}.mp4", colour)
        commands("index", videos)
    before = first(commands, "red")["similarity"]
    filler = small_disk / "filler"
    fill(filler)
    assert commands("compact")["postponed"] is False, "it gives up what is derived"
    fill(filler)
    other = tmp_path / "roomy"
    assert commands("backup", other)["videos"] == 3, "a full disk can be saved from"
    filler.unlink()
    assert commands("check")["problems"] == []
    assert commands("compact")["versions"]["after"] == 1
    assert first(commands, "red")["similarity"] == before
    assert commands("check")["problems"] == []

    library = Commands(tmp_path / "library", capsys)
    library("index", videos)
    fill(filler)
    ran = library.ran("backup", small_disk / "backup")
    assert ran.code == 7, ran
    assert "space" in ran.json["error"]
    filler.unlink()
    library("backup", small_disk / "backup")
    fill(filler)
    restored = Commands(small_disk / "restored", capsys)
    assert restored.ran("restore", small_disk / "backup").code == 7
    filler.unlink()
    assert restored("restore", small_disk / "backup")["problems"] == []
    assert first(restored, "red")["similarity"] == before
