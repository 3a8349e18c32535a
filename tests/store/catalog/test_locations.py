"""Where contents lie: below which folders, missing since when, and what goes with the last place."""

from __future__ import annotations

from mediaindex.store.catalog import locations
from mediaindex.store.commit import put
from mediaindex.store.library import Library
from mediaindex.store.vectors.spaces import Space
from tests.support.small_library import AddVideo, visible


def test_a_copy_keeps_a_video_that_lost_one_of_its_places(
    opened: Library, space: Space, add_video: AddVideo
) -> None:
    item = add_video("/videos/a.mp4")
    put(opened, space, [item])
    with opened.write() as connection:
        (place,) = locations.locations_of(connection, item.video_id)
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
