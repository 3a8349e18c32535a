"""A small indexed library with captions and picks."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from mediaindex.store.catalog import lookup
from mediaindex.store.library import Library, open_library
from mediaindex.store.notes import captions, history
from tests.support.commands import index_quietly
from tests.support.films import film, srt


@pytest.fixture(scope="module")
def captioned_library(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Library]:
    """red.mp4 and blue.mp4 with captions and picks; a film named by a sentence; one with subtitles."""
    folder = tmp_path_factory.mktemp("captioned")
    videos = folder / "videos"
    for name, *colours in (("red", "red"), ("blue", "red", "blue"), ("a green hill far away", "green")):
        film(videos / f"{name}.mp4", *colours)
    film(videos / "b.mp4", "yellow")
    srt(videos / "b.en.srt", (0.2, 0.8, "yes"), (0.9, 1.5, "look at that yellow thing"))
    index_quietly(folder / "library", videos)
    with open_library(folder / "library") as library:
        with library.write() as connection:
            red, blue = (lookup.video_at(connection, videos / f"{name}.mp4") for name in ("red", "blue"))
            assert red is not None
            assert blue is not None
            captions.add(connection, red, 0.0, 2.0, "something red")
            captions.add(connection, blue, 2.0, 4.0, "something blue")
            for query in ("blue", "blue", "in:videos red", "-red blue"):
                history.record(connection, query, blue, 2.0)
        yield library


@pytest.fixture
def videos_of_library(captioned_library: Library) -> Path:
    return captioned_library.root.parent / "videos"
