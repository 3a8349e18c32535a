"""Contents: their identity, their metadata, and the rows that go with them."""

from __future__ import annotations

import dataclasses
import itertools
from pathlib import Path

import sqlalchemy as sa

from mediaindex.media import Segment, Segmentation, StreamInfo
from mediaindex.store.catalog import locations, videos
from mediaindex.store.catalog.schema import METADATA, extraction, garbage, indexed, location, segment, video
from mediaindex.store.catalog.videos import Identity
from mediaindex.store.commit import put, sweep
from mediaindex.store.library import Library
from mediaindex.store.maintenance.check import check
from mediaindex.store.vectors.spaces import Space
from tests.support.small_library import INFO, AddVideo

FULL = dataclasses.replace(
    INFO,
    duration_seconds=None,
    streams=(StreamInfo(0, "video", "h264", default=True), StreamInfo(1, "audio", "aac", language="de")),
    recorded_at="2021-06-01T12:00:00+02:00",
    recorded_day="2021-06-01",
    latitude=52.5,
    longitude=13.4,
    altitude=34.0,
    timecode="01:00:00:00",
    camera="A camera",
    title="A title",
    tags={"artist": "Zoë", "comment": "caf\udce9"},
)


def test_deleting_a_video_takes_its_rows_with_it(opened: Library, space: Space, add_video: AddVideo) -> None:
    item = add_video()
    put(opened, space, [item])
    with opened.write() as connection:
        (place,) = locations.places_of_content(connection, item.video_id)
        locations.remove_locations(connection, [place.id])
        for table in (indexed, extraction, video):
            assert connection.execute(sa.select(table)).first() is None
        assert connection.execute(sa.select(garbage)).first() is not None
    sweep(opened)
    assert check(opened).problems == []
    assert list(opened.frames.names()) == []


def test_all_metadata_of_a_file_come_back(opened: Library) -> None:
    with opened.write() as connection:
        video_id = videos.ensure_video(connection, Identity(10, "part", "full"), FULL, 6.5)
        row = connection.execute(sa.select(video).where(video.c.id == video_id)).one()
    expected = {name: getattr(FULL, name) for name in METADATA}
    expected |= {"duration_seconds": 6.5, "tags": dict(FULL.tags)}
    expected["streams"] = [dataclasses.asdict(stream) for stream in FULL.streams]
    assert {name: row._mapping[name] for name in METADATA} == expected


def test_a_length_that_nobody_knows_is_stored_as_none_at_all() -> None:
    assert videos.metadata_values(FULL)["duration_seconds"] == 0.0
    assert videos.metadata_values(INFO)["duration_seconds"] == 6.0


def test_known_content_keeps_its_row_and_takes_new_metadata(opened: Library) -> None:
    with opened.write() as connection:
        first = videos.ensure_video(connection, Identity(10, "part", "full"), INFO, 6.0)
        again = videos.ensure_video(connection, Identity(10, "part", "full"), FULL, 7.0)
        other = videos.ensure_video(connection, Identity(10, "part", "other"), INFO, 6.0)
        assert first == again != other
        assert videos.identity_of(connection, first) == Identity(10, "part", "full")
        assert videos.alike(connection, 10, "part") == first
        assert videos.alike(connection, 11, "part") is None
        title = sa.select(video.c.title, video.c.duration_seconds).where(video.c.id == first)
        assert connection.execute(title).one() == ("A title", 7.0)


def test_segments_and_frames_of_a_decoding_are_recorded(opened: Library, add_video: AddVideo) -> None:
    video_id = add_video().video_id
    shots = Segmentation(6.0, (2.5,), (Segment(0.0, 2.5, 0, 1), Segment(2.5, 6.0, 1, 2)), damaged_packets=3)
    with opened.write() as connection:
        number = videos.add_extraction(
            connection,
            video_id,
            frame_file="ab/new.mif",
            decoder="test",
            sampling="test",
            seconds=[0.0, 3.0, 5.0],
            outline=shots,
        )
        row = connection.execute(sa.select(extraction).where(extraction.c.id == number)).one()
        assert (row.frames, row.cuts, row.damaged_packets, row.first_look) == (3, [2.5], 3, False)
        parts = sa.select(segment.c.start_seconds, segment.c.frame_count)
        parts = parts.where(segment.c.extraction_id == number).order_by(segment.c.ordinal)
        assert connection.execute(parts).all() == [(0.0, 1), (2.5, 2)]
        newest = sa.select(extraction.c.id).where(videos.is_newest())
        assert set(connection.execute(newest).scalars()) == {number}


def test_frames_that_were_given_up_are_needed_only_where_vectors_lack(
    opened: Library, space: Space, add_video: AddVideo
) -> None:
    first, second = add_video("/videos/a.mp4", seed=1), add_video("/videos/b.mp4", seed=2)
    put(opened, space, [first])
    with opened.write() as connection:
        assert videos.without_frames(connection) == set()
        assert videos.cached_frames(connection) == 6
        for item in (first, second):
            evicted = {"frame_file": f"{videos.EVICTED}{item.video_id}"}
            here = extraction.c.id == item.extraction_id
            connection.execute(sa.update(extraction).where(here).values(**evicted))
        assert videos.without_frames(connection) == {second.video_id}
        cached = sa.select(extraction.c.id).where(videos.is_cached())
        assert connection.execute(cached).first() is None
        videos.mark_frames_lost(connection, [first.extraction_id])
        assert videos.without_frames(connection) == {first.video_id, second.video_id}


def test_a_video_is_shown_when_the_serving_space_has_it(
    opened: Library, space: Space, add_video: AddVideo
) -> None:
    first, second = add_video("/videos/a.mp4", seed=1), add_video("/videos/b.mp4", seed=2)
    put(opened, space, [first])
    with opened.read() as connection:
        assert videos.is_shown(connection, first.video_id)
        assert not videos.is_shown(connection, second.video_id)
        assert videos.visible_frames(connection, space.id) == 3


def test_only_videos_without_a_place_are_removed(opened: Library, add_video: AddVideo) -> None:
    item = add_video("/videos/a.mp4")
    with opened.write() as connection:
        unplaced = videos.ensure_video(connection, Identity(1, "p", "h"), INFO, 1.0)
        assert videos.remove_unplaced_videos(connection, [item.video_id, unplaced]) == [unplaced]
        assert locations.location_at(connection, Path("/videos/a.mp4")) is not None


def test_contents_are_counted_without_those_that_are_forgotten(
    opened: Library, space: Space, add_video: AddVideo
) -> None:
    """In each combination of forgotten places: two of one content, one of another, one that changes."""
    items = [add_video(f"/videos/{name}.mp4", seed=n) for n, name in enumerate("abc")]
    put(opened, space, items)
    with opened.write() as connection:
        (place,) = locations.places_of_content(connection, items[0].video_id)
        same = {"volume_id": place.volume_id, "video_id": items[0].video_id, "size": 100, "mtime_ns": 1}
        locations.place(connection, Path("/videos/copy.mp4"), next_video_id=None, confirmed=True, **same)
    add_video("/videos/c.mp4", seed=9)
    ids = range(1, 5)
    for hidden in itertools.chain.from_iterable(itertools.combinations(ids, n) for n in range(5)):
        with opened.write() as connection:
            connection.execute(sa.update(location).values(forgotten_at=None))
            connection.execute(sa.update(location).where(location.c.id.in_(hidden)).values(forgotten_at=1.0))
            assert videos.contents(connection) == plain_contents(connection)


def plain_contents(connection: sa.Connection) -> videos.Contents:
    """The same from every row."""
    rows = connection.execute(sa.select(location).where(location.c.forgotten_at.is_(None))).all()
    shown = {content for row in rows for content in (row.video_id, row.next_video_id) if content}
    lengths = connection.execute(sa.select(video.c.id, video.c.duration_seconds))
    seconds = {row.id: row.duration_seconds for row in lengths}
    newest: dict[int, int] = {}
    for row in connection.execute(sa.select(extraction).order_by(extraction.c.id)):
        newest[row.video_id] = row.id
    kept = {newest[content] for content in shown}
    segments = connection.execute(sa.select(segment.c.extraction_id)).scalars().all()
    return videos.Contents(
        len(shown), sum(seconds[content] for content in shown), sum(owner in kept for owner in segments)
    )
