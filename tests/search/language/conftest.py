"""A library of a few videos that only the catalog knows, in two sources."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from mediaindex.sources.places.volumes import volume_of
from mediaindex.store.library import Library, open_library
from tests.support.catalogued import add_place, add_source


@pytest.fixture
def catalogued(library: Path) -> Iterator[Library]:
    here = volume_of(Path("/")).uid
    with open_library(library, create=True) as opened:
        for source in ("/home/films/Holiday 2024", "/home/films/archive"):
            add_source(opened, source)
        add_place(
            opened,
            "/home/films/Holiday 2024/beach_walk.mp4",
            day="2024-05-03",
            camera="Canon EOS R6",
            volume=(here, "/"),
        )
        add_place(
            opened,
            "/home/films/Holiday 2024/Café/Äpfel.mp4",
            day="2024-05-01",
            camera="Canon EOS R6",
            seconds=90.0,
            volume=(here, "/"),
        )
        add_place(opened, "/home/films/archive/beach 1999/tape.mov", day="1999-07-01", camera="GoPro HERO9")
        add_place(opened, "/home/films/archive/犬.mp4", seconds=3600.0)
        yield opened
