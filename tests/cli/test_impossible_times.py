"""Files of times that SQLite cannot hold: indexed like any other, subtitles too, also under a watcher."""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.support.commands import Commands, counts
from tests.support.disks import mounted
from tests.support.films import film, srt
from tests.support.watch_loop import Watching

YEARS = (1601, 1950, 2106, 2400)


@pytest.fixture(params=["any disk", "a disk that holds every time"])
def folder(request: pytest.FixtureRequest, videos: Path, tmp_path: Path) -> Iterator[Path]:
    """ext4 cuts 1601 to 1901 and holds 2400; tmpfs holds both."""
    if request.param == "any disk":
        yield videos
    else:
        yield from mounted(tmp_path / "memory", "-t", "tmpfs", "-o", "size=3m", "tmpfs")


def date(path: Path, year: int) -> None:
    """Give a file the time of a year, in seconds: nanoseconds of 1601 do not fit the call either."""
    seconds = int(datetime(year, 1, 1, tzinfo=UTC).timestamp())
    os.utime(path, (seconds, seconds))


def test_films_and_subtitles_of_all_times_are_found(folder: Path, commands: Commands) -> None:
    film(folder / "red.mp4", "red")
    for year, colour in zip(YEARS, ("blue", "green", "yellow", "purple"), strict=True):
        date(film(folder / f"{year}.mp4", colour), year)
        date(srt(folder / f"{year}.srt", (0.0, 1.0, f"lighthouse {year}")), year)
    assert counts(commands("index", folder)) == {"videos": 5, "indexed": 5, "decoded": 5}
    assert commands.files("purple")[0] == "2400.mp4"
    for year in YEARS:
        assert commands.files(f"lighthouse {year}", "--channel", "words")[0] == f"{year}.mp4"
    assert counts(commands("index", folder)) == {"videos": 5, "unchanged": 5}


def test_a_time_that_changes_costs_no_decoding(folder: Path, commands: Commands) -> None:
    path = film(folder / "red.mp4", "red")
    commands("index", folder)
    for year in YEARS:
        date(path, year)
        assert counts(commands("index", folder)) == {"videos": 1, "unchanged": 1}


def test_a_watcher_lives_on(folder: Path, commands: Commands) -> None:
    film(folder / "red.mp4", "red")
    commands("index", folder)
    with Watching(commands.library) as watching:
        late = film(folder / "blue.mp4", "blue")
        date(late, 2400)
        watching.wait_for(lambda: any(event.get("indexed") for event in watching.events))
        date(late, 1601)
        film(folder / "green.mp4", "green")
        watching.wait_for(lambda: sum(event.get("indexed", 0) for event in watching.events) == 2)
    assert commands.files("blue")[0] == "blue.mp4"
