"""The watched roots: what is kept of each, and the places below it."""

from __future__ import annotations

from pathlib import Path

import sqlalchemy as sa

from mediaindex.store.catalog import locations, sources
from mediaindex.store.catalog.schema import location
from mediaindex.store.catalog.sources import Places
from mediaindex.store.library import Library
from tests.support.small_library import AddVideo

ROOT = Path("/videos")


def test_a_known_root_keeps_what_is_not_given(opened: Library) -> None:
    with opened.write() as connection:
        sources.add_source(connection, ROOT, thumbnails="none")
        sources.add_source(connection, ROOT)
        sources.add_source(connection, Path("/else"))
        first, second = sources.all_sources(connection)
        assert (first.path, first.thumbnails) == (ROOT, "none")
        assert (second.path, second.thumbnails) == (Path("/else"), "library")
        assert sources.roots_without_thumbnails(connection) == [ROOT]
        sources.add_source(connection, ROOT, thumbnails="library")
        assert sources.roots_without_thumbnails(connection) == []
        sources.remove_source(connection, ROOT)
        assert sources.source_at(connection, ROOT) is None
        assert sources.source_at(connection, Path("/else")) is not None


def test_a_root_is_held_and_released(opened: Library) -> None:
    with opened.write() as connection:
        sources.add_source(connection, ROOT)
        sources.hold(connection, ROOT, 12.5)
        assert sources.held_roots(connection) == [ROOT]
        assert sources.all_sources(connection)[0].held_since == 12.5
        sources.hold(connection, ROOT, None)
        assert sources.held_roots(connection) == []


def test_places_below_a_root_are_counted_without_the_forgotten(opened: Library, add_video: AddVideo) -> None:
    for number, path in enumerate(("a", "b", "c", "d")):
        add_video(f"/videos/{path}.mp4", seed=number)
    add_video("/videos2/e.mp4", seed=9)
    with opened.write() as connection:
        locations.miss(connection, ROOT / "a.mp4", 100.0)
        locations.miss(connection, ROOT / "b.mp4", 200.0)
        forgotten = sa.update(location).where(location.c.path == ROOT / "d.mp4")
        connection.execute(forgotten.values(forgotten_at=1.0))
        assert sources.places_below(connection, ROOT) == Places(known=3, missing=2, vanished=2)
        sources.add_source(connection, ROOT)
        source = sources.source_at(connection, ROOT)
        assert source is not None
        assert sources.places_of(connection, source) == Places(3, 2, 2)
        assert sources.places_of(connection, source, since=150.0) == Places(3, 2, 1)
        assert sources.all_places(connection) == Places(4, 2, 2)
        assert sources.places_below(connection, Path("/")).known == 4
        assert sources.places_below(connection, Path("/none")) == Places(0, 0, 0)


def test_a_polled_root_says_why_until_the_kernel_tells_of_it(opened: Library) -> None:
    with opened.write() as connection:
        sources.add_source(connection, ROOT)
        sources.note_polling(connection, {ROOT: "a network file system", Path("/unknown"): "x"})
        assert [source.polled for source in sources.all_sources(connection)] == ["a network file system"]
        sources.note_polling(connection, {ROOT: None})
        assert [source.polled for source in sources.all_sources(connection)] == [None]
