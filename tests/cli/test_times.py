"""Times that a FAT disk has made others, and the one file whose bytes changed behind them."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from mediaindex.background import loop
from mediaindex.sources.content_hash import SAMPLE_BYTES, SAMPLES, full_hash, partial_hash
from mediaindex.store.catalog import locations
from mediaindex.store.catalog import videos as video_rows
from mediaindex.store.library import Library, open_library
from tests.support.commands import Commands
from tests.support.films import film
from tests.support.watch_loop import Watching

HOUR_NS = 3600 * 10**9
FAT_NS = 2 * 10**9


def with_box(path: Path, size: int) -> Path:
    """Let an MP4 be larger by a box that players pass over."""
    with path.open("ab") as file:
        file.write((8 + size).to_bytes(4, "big") + b"free" + bytes(size))
    return path


def copied_as_fat(source: Path, target: Path) -> Path:
    """As a copy to a FAT disk in another time zone and back has it: times of 2 s, an hour later."""
    shutil.copytree(source, target)
    for path in target.rglob("*.mp4"):
        stamp = path.stat().st_mtime_ns // FAT_NS * FAT_NS + HOUR_NS
        os.utime(path, ns=(stamp, stamp))
    return target


@pytest.fixture
def home(videos: Path) -> Path:
    for colour in ("red", "blue", "green"):
        with_box(film(videos / f"{colour}.mp4", colour), 3 * SAMPLES * SAMPLE_BYTES)
    return videos


def test_a_folder_that_was_on_a_fat_disk_costs_no_decoding(
    home: Path, tmp_path: Path, commands: Commands
) -> None:
    assert commands("index", home)["decoded"] == 3
    back = copied_as_fat(home, tmp_path / "back")
    report = commands("index", home, back)
    assert (report["decoded"], report["unchanged"], report["copies"]) == (0, 3, 3)
    shutil.rmtree(home)
    back.rename(home)
    report = commands("index", home)
    assert (report["decoded"], report["failed"]) == (0, [])
    assert report["unchanged"] + report["moved"] == 3
    assert commands("index", home)["unchanged"] == 3


def test_the_confirmation_finds_the_one_whose_bytes_changed(home: Path, commands: Commands) -> None:
    assert commands("index", home)["decoded"] == 3
    aside = copied_as_fat(home, home.with_name("fat"))
    shutil.rmtree(home)
    aside.rename(home)
    path = home / "green.mp4"
    before, size, stamp = partial_hash(path), path.stat().st_size, path.stat().st_mtime_ns
    change_between_samples(path)
    os.utime(path, ns=(stamp, stamp))
    assert (partial_hash(path), path.stat().st_size) == (before, size)
    report = commands("index", home, "--no-confirm")
    assert (report["decoded"], report["unchanged"]) == (0, 3)
    assert commands("status")["videos"] == 3
    # Nothing else to do: the confirmation of the next run reads all three, and decodes the one.
    report = commands("index", home)
    assert (report["decoded"], report["indexed"]) == (1, 1)
    assert commands("show", path)["duration_seconds"] > 0
    assert commands("index", home)["decoded"] == 0
    assert commands("check")["problems"] == []


def test_an_idle_watcher_confirms_what_it_believed(
    home: Path, commands: Commands, monkeypatch: pytest.MonkeyPatch
) -> None:
    commands("index", home)
    path = home / "green.mp4"
    stamp = path.stat().st_mtime_ns // FAT_NS * FAT_NS + HOUR_NS
    with Watching(commands.library) as watching:
        monkeypatch.setattr(loop, "IDLE_SECONDS", 1.0)
        changed = home.with_name("changed.mp4")
        shutil.copy(path, changed)
        change_between_samples(changed)
        os.utime(changed, ns=(stamp, stamp))
        changed.rename(path)  # at once: the watcher must not see other times meanwhile
        with open_library(commands.library) as library:
            watching.wait_for(lambda: hash_at(library, path) == full_hash(path))
    assert sum(event["decoded"] for event in watching.events if event["event"] == "looked") == 0
    assert commands("status")["videos"] == 3
    assert commands("check")["problems"] == []


def hash_at(library: Library, path: Path) -> str | None:
    """The content that a search shows at a path."""
    with library.read() as connection:
        place = locations.locations_below(connection, [path])[path]
        return None if place.video_id is None else video_rows.identity_of(connection, place.video_id).hash


def change_between_samples(path: Path) -> None:
    """Change one byte of the box at the file's end, where no sample of the partial hash reads."""
    before, size = partial_hash(path), path.stat().st_size
    with path.open("r+b") as file:
        for offset in range(size - SAMPLE_BYTES, size // 2, -SAMPLE_BYTES // 2):
            file.seek(offset)
            byte = file.read(1)
            file.seek(offset)
            file.write(b"\x01")
            file.flush()
            if partial_hash(path) == before:
                return
            file.seek(offset)
            file.write(byte)
            file.flush()
    raise AssertionError("every byte is sampled")
