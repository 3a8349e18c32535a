"""Contents: their identity, their metadata, and the rows that go with them."""

from __future__ import annotations

import sqlalchemy as sa

from mediaindex.store.catalog import locations
from mediaindex.store.catalog.schema import extraction, garbage, indexed, video
from mediaindex.store.commit import put, sweep
from mediaindex.store.library import Library
from mediaindex.store.maintenance.check import check
from mediaindex.store.vectors.spaces import Space
from tests.support.small_library import AddVideo


def test_deleting_a_video_takes_its_rows_with_it(opened: Library, space: Space, add_video: AddVideo) -> None:
    item = add_video()
    put(opened, space, [item])
    with opened.write() as connection:
        (place,) = locations.locations_of(connection, item.video_id)
        locations.remove_locations(connection, [place.id])
        for table in (indexed, extraction, video):
            assert connection.execute(sa.select(table)).first() is None
        assert connection.execute(sa.select(garbage)).first() is not None
    sweep(opened)
    assert check(opened).problems == []
    assert list(opened.frames.names()) == []
