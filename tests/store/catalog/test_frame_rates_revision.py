"""Revision 0009: an older library keeps its films; what it does not know of them is null."""

from __future__ import annotations

from pathlib import Path

from mediaindex.store.catalog import lookup
from mediaindex.store.catalog.database import HEAD, make_engine, revision
from mediaindex.store.library import open_library
from tests.support.commands import index_quietly
from tests.support.films import film
from tests.support.older_libraries import downgraded

DATABASE = "library.sqlite"


def test_an_older_library_is_upgraded_when_it_is_opened(tmp_path: Path, kept_decoders: None) -> None:
    path = film(tmp_path / "videos" / "red.mp4", "red")
    index_quietly(tmp_path / "library", path)
    with open_library(tmp_path / "library") as library, library.read() as connection:
        video_id = lookup.video_at(connection, path)
        assert video_id is not None
        info = lookup.media_info_of(connection, video_id)
        assert (info.frame_rate, info.variable_rate, info.film_start, info.pixel_aspect) == (
            "5",
            False,
            "0",
            "1",
        )
    downgraded(tmp_path / "library" / DATABASE, "0008")
    older = make_engine(tmp_path / "library" / DATABASE)
    assert revision(older) == "0008"
    older.dispose()
    with open_library(tmp_path / "library") as library, library.read() as connection:
        assert revision(library.engine) == HEAD
        info = lookup.media_info_of(connection, video_id)
        assert (info.frame_rate, info.variable_rate, info.film_start, info.reel_name) == (
            None,
            None,
            None,
            None,
        )
        assert (info.fps, info.width, info.video_stream) == (5.0, 64, 0)
