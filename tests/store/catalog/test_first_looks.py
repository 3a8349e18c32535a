"""Videos that are known and not decoded yet, and what becomes of them when they are."""

from __future__ import annotations

from pathlib import Path

import sqlalchemy as sa

from mediaindex.store.catalog import first_looks, locations, videos, volumes
from mediaindex.store.catalog.schema import extraction, video
from mediaindex.store.catalog.videos import Identity
from mediaindex.store.commit import put
from mediaindex.store.library import Library
from mediaindex.store.notes import history, marks
from mediaindex.store.vectors.spaces import Space
from tests.support.small_library import INFO, AddVideo

A, B = Path("/videos/a.mp4"), Path("/videos/b.mp4")
UNREAD = Identity(50, "part", None)
READ = Identity(50, "part", "full")


def place_unread(connection: sa.Connection, path: Path) -> int:
    volume = volumes.ensure_volume(connection, uid="v", label=None, mount_point=Path("/"))
    number = first_looks.add_unread_video(connection, UNREAD, INFO)
    values = {"volume_id": volume, "size": 50, "mtime_ns": 1}
    first_looks.place_unread(connection, path, number, **values)
    return number


def test_an_unread_video_is_shown_at_a_new_path_at_once(opened: Library) -> None:
    with opened.write() as connection:
        number = place_unread(connection, A)
        place = locations.location_at(connection, A)
        assert place is not None
        assert (place.video_id, place.next_video_id) == (number, None)
        assert first_looks.unread_video_at(connection, A, UNREAD) == number
        assert first_looks.unread_video_at(connection, A, Identity(51, "part", None)) is None
        assert first_looks.unread_video_at(connection, B, UNREAD) is None
        assert first_looks.unread_videos(connection) == {number}
        assert first_looks.unread_seconds(connection) == 6.0


def test_older_content_is_shown_until_the_unread_is_read(
    opened: Library, space: Space, add_video: AddVideo
) -> None:
    old = add_video("/videos/a.mp4")
    put(opened, space, [old])
    with opened.write() as connection:
        number = place_unread(connection, A)
        place = locations.location_at(connection, A)
    assert place is not None
    assert (place.video_id, place.next_video_id) == (old.video_id, number)


def test_an_unread_video_takes_the_hash_of_what_was_decoded(opened: Library) -> None:
    with opened.write() as connection:
        number = place_unread(connection, A)
        first_looks.take_hash(connection, A, READ)
        assert videos.identity_of(connection, number) == READ
        assert videos.ensure_video(connection, READ, INFO, 6.0) == number
        assert first_looks.unread_videos(connection) == set()


def test_content_that_is_known_takes_the_place_of_the_unread(opened: Library) -> None:
    with opened.write() as connection:
        known = videos.ensure_video(connection, READ, INFO, 6.0)
        number = place_unread(connection, A)
        first_looks.take_hash(connection, A, READ)
        place = locations.location_at(connection, A)
        assert place is not None
        assert place.video_id == known != number
        assert set(connection.execute(sa.select(video.c.id)).scalars()) == {known}


def test_what_was_written_about_the_unread_goes_to_the_known(opened: Library) -> None:
    with opened.write() as connection:
        known = videos.ensure_video(connection, READ, INFO, 6.0)
        number = place_unread(connection, A)
        kept = marks.put(connection, "dog", known, 1.0, is_right=True)
        marks.put(connection, "dog", number, 1.0, is_right=False)
        other = marks.put(connection, "dog", number, 2.0, is_right=False)
        pick = history.record(connection, "dog", number, 1.0)
        first_looks.take_hash(connection, A, READ)
        assert [(one.id, one.video_id) for one in marks.every(connection)] == [
            (other.id, known),
            (kept.id, known),
        ]
        assert [(one.id, one.video_id) for one in history.picks(connection)] == [(pick, known)]


def test_where_nothing_is_unread_nothing_changes(opened: Library, add_video: AddVideo) -> None:
    item = add_video("/videos/a.mp4")
    with opened.write() as connection:
        before = videos.identity_of(connection, item.video_id)
        first_looks.take_hash(connection, A, READ)
        assert videos.identity_of(connection, item.video_id) == before


def test_a_first_look_counts_as_unread_and_its_path_as_looked_at(
    opened: Library, space: Space, add_video: AddVideo
) -> None:
    looked = add_video("/videos/a.mp4", seed=1)
    put(opened, space, [looked])
    with opened.write() as connection:
        connection.execute(sa.update(extraction).values(first_look=True))
        unread = place_unread(connection, B)
        assert first_looks.unread_videos(connection) == {looked.video_id, unread}
        assert first_looks.paths_looked_at(connection, [A, B]) == {A}
        assert first_looks.searchable_share(connection) == 0.5


def test_nothing_is_searchable_before_there_is_a_space(opened: Library, add_video: AddVideo) -> None:
    add_video()
    with opened.read() as connection:
        assert first_looks.searchable_share(connection) == 0.0
