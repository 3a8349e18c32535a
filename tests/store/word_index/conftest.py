"""A library whose films say what a test wants."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from mediaindex.media import Cue
from mediaindex.store.catalog import fulltext, locations, videos, volumes
from mediaindex.store.catalog.videos import Identity
from mediaindex.store.library import Library, open_library
from tests.support.small_library import INFO

AddFilm = Callable[..., int]


@pytest.fixture
def library(tmp_path: Path) -> Iterator[Library]:
    with open_library(tmp_path / "library", create=True) as made:
        yield made


@pytest.fixture
def add_film(library: Library) -> AddFilm:
    """A function that adds a film of a name, with a line each second; its id."""
    numbers = itertools.count(1)

    def add(name: str, lines: Sequence[str] = (), *, language: str | None = None) -> int:
        number = next(numbers)
        with library.write() as connection:
            drive = volumes.ensure_volume(connection, uid="v", label=None, mount_point=Path("/"))
            video_id = videos.ensure_video(connection, Identity(number, str(number), str(number)), INFO, 6.0)
            path = Path(f"/films/{number}/{name}.mp4")
            row: dict[str, Any] = {"volume_id": drive, "size": 1, "mtime_ns": 1, "confirmed": True}
            place = locations.place(connection, path, video_id=video_id, **row)
            fulltext.set_location_words(connection, place, video_id, path, None)
            cues = [Cue(2.0 * at, 2.0 * at + 1, text, "a.srt") for at, text in enumerate(lines)]
            fulltext.add_subtitle(connection, video_id, fulltext.SubtitleFile("a.srt", language), cues)
        return video_id

    return add
