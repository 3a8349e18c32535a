"""Where contents lie: below which folders, missing since when, and what goes with the last place."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st

from mediaindex.sources.path_tree import lies_below
from mediaindex.store.catalog import locations
from mediaindex.store.catalog.schema import location, skipped
from mediaindex.store.commit import put
from mediaindex.store.library import Library, open_library
from mediaindex.store.vectors.spaces import Space
from tests.support.small_library import AddVideo, visible

A, B = Path("/videos/a.mp4"), Path("/videos/b.mp4")


def test_a_copy_keeps_a_video_that_lost_one_of_its_places(
    opened: Library, space: Space, add_video: AddVideo
) -> None:
    item = add_video("/videos/a.mp4")
    put(opened, space, [item])
    with opened.write() as connection:
        (place,) = locations.places_of_content(connection, item.video_id)
        locations.place(
            connection,
            place.path.with_name("copy.mp4"),
            volume_id=place.volume_id,
            video_id=item.video_id,
            size=100,
            mtime_ns=0,
            confirmed=False,
        )
        assert locations.remove_locations(connection, [place.id]) == []
    assert len(visible(opened, space)) == 1


names = st.binary(min_size=1, max_size=4).filter(lambda name: not {0, 47} & set(name) and name.strip(b"."))
paths = st.lists(names, max_size=3).map(lambda parts: Path("/", *map(os.fsdecode, parts)))


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Library]:
    with open_library(tmp_path_factory.mktemp("any") / "library", create=True) as made:
        yield made


@given(known=st.sets(paths, max_size=8), folders=st.lists(paths, max_size=3))
def test_sqlite_finds_below_a_folder_what_lies_below_it(
    known: set[Path], folders: list[Path], empty: Library
) -> None:
    with empty.write() as connection:
        connection.execute(sa.delete(skipped))
        rows = [{"path": path, "size": 0, "mtime_ns": 0, "reason": ""} for path in known]
        if rows:
            connection.execute(sa.insert(skipped), rows)
        query = sa.select(skipped.c.path)
        found = [row.path for row in locations.rows_below(connection, query, skipped.c.path, folders)]
    assert sorted(found) == sorted(p for p in known if any(lies_below(p, folder) for folder in folders))


def test_more_folders_than_one_statement_takes(opened: Library, add_video: AddVideo) -> None:
    add_video("/videos/a.mp4")
    folders = [Path(f"/none/{number}") for number in range(3 * locations.FOLDERS_AT_ONCE)]
    with opened.read() as connection:
        assert set(locations.locations_below(connection, [*folders, Path("/videos"), A])) == {A}


def test_a_place_is_missed_once_until_its_time_is_set_anew(opened: Library, add_video: AddVideo) -> None:
    add_video("/videos/a.mp4", seed=1)
    add_video("/videos/b.mp4", seed=2)
    with opened.write() as connection:
        locations.miss(connection, A, 100.0)
        locations.miss(connection, A, 200.0)
        assert locations.location_at(connection, A).missing_since == 100.0  # type: ignore[union-attr]
        locations.miss_from_now(connection, A.parent, 300.0)
        missing = {path: place.missing_since for path, place in _all(connection).items()}
        assert missing == {A: 300.0, B: None}


def test_a_place_that_moved_meanwhile_is_not_changed(opened: Library, add_video: AddVideo) -> None:
    add_video("/videos/a.mp4")
    with opened.write() as connection:
        (place,) = _all(connection).values()
        locations.update_location(connection, place.id, only_at=B, size=7)
        assert _all(connection)[A].size == place.size
        locations.update_location(connection, place.id, only_at=A, size=7)
        assert _all(connection)[A].size == 7


def test_unconfirmed_places_are_those_that_can_be_read_now(opened: Library, add_video: AddVideo) -> None:
    for number, name in enumerate("abc"):
        add_video(f"/videos/{name}.mp4", seed=number)
    with opened.write() as connection:
        connection.execute(sa.update(location).values(confirmed=False))
        locations.miss(connection, A, 1.0)
        hidden = sa.update(location).where(location.c.path == B)
        connection.execute(hidden.values(forgotten_at=1.0))
        assert [place.path.name for place in locations.unconfirmed(connection)] == ["c.mp4"]


def test_a_video_is_hidden_when_all_its_places_are(
    opened: Library, space: Space, add_video: AddVideo
) -> None:
    item = add_video("/videos/a.mp4")
    put(opened, space, [item])
    with opened.write() as connection:
        assert not locations.anything_hidden(connection)
        place = locations.places_of_content(connection, item.video_id)[0]
        values = {"volume_id": place.volume_id, "size": 1, "mtime_ns": 1, "confirmed": True}
        locations.place(connection, B, video_id=item.video_id, **values)
        connection.execute(sa.update(location).where(location.c.path == A).values(forgotten_at=1.0))
        assert locations.anything_hidden(connection)
        assert (locations.is_hidden(connection, A), locations.is_hidden(connection, B)) == (True, False)
        assert locations.hidden_videos(connection) == set()
        connection.execute(sa.update(location).values(forgotten_at=1.0))
        assert locations.hidden_videos(connection) == {item.video_id}


def test_the_newest_content_of_a_place_is_what_comes(opened: Library, add_video: AddVideo) -> None:
    item = add_video("/videos/a.mp4")
    with opened.read() as connection:
        (place,) = locations.places_of_content(connection, item.video_id)
        assert (place.video_id, place.next_video_id, place.content) == (None, item.video_id, item.video_id)


def _all(connection: sa.Connection) -> dict[Path, locations.Location]:
    return locations.locations_below(connection, [Path("/")])
