"""What a search reads of the catalog: filters, segments with their frames, and the places that are shown."""

from __future__ import annotations

from pathlib import Path

import pytest
import sqlalchemy as sa

from mediaindex.media import Segment, Segmentation
from mediaindex.store.catalog import locations, lookup, sources, videos
from mediaindex.store.catalog.lookup import Filters, FrameSpan, Timeline
from mediaindex.store.catalog.schema import location, video
from mediaindex.store.catalog.videos import Identity
from mediaindex.store.commit import Embedded, put
from mediaindex.store.library import Library
from mediaindex.store.vectors.spaces import Space
from tests.support.catalogued import add_place
from tests.support.small_library import INFO, AddVideo, visible

A, B = Path("/videos/a/a.mp4"), Path("/videos/b.mp4")


@pytest.fixture
def two(opened: Library, space: Space, add_video: AddVideo) -> tuple[Embedded, Embedded]:
    """Two visible videos of 6 s and 10 s, recorded on two days."""
    made = add_video(str(A), 3, seed=1), add_video(str(B), 5, seed=2)
    put(opened, space, made)
    with opened.write() as connection:
        for item, day in zip(made, ("2020-01-01", "2021-06-01"), strict=True):
            here = video.c.id == item.video_id
            connection.execute(sa.update(video).where(here).values(recorded_day=day))
    return made


@pytest.mark.parametrize(
    ("filters", "passes"),
    [
        (Filters(within=(Path("/videos"),)), (True, True)),
        (Filters(within=(Path("/videos/a"),)), (True, False)),
        (Filters(within=(B,)), (False, True)),
        (Filters(within=(Path("/video"),)), (False, False)),
        (Filters(after="2020-01-01"), (True, True)),
        (Filters(after="2020-01-02"), (False, True)),
        (Filters(before="2021-06-01"), (True, False)),
        (Filters(min_duration=6.0, max_duration=9.9), (True, False)),
        (Filters(min_duration=6.1), (False, True)),
        (Filters(within=(Path("/videos/a"),), min_duration=7.0), (False, False)),
    ],
)
def test_a_video_passes_when_every_filter_lets_it(
    opened: Library, two: tuple[Embedded, Embedded], filters: Filters, passes: tuple[bool, bool]
) -> None:
    assert not filters.empty
    with opened.read() as connection:
        found = lookup.filtered_videos(connection, filters)
    assert set(found or ()) == {item.video_id for item, passed in zip(two, passes, strict=True) if passed}


@pytest.mark.parametrize(
    ("one", "other", "both"),
    [
        (Filters(), Filters(after="2020"), Filters(after="2020")),
        (Filters(after="2020"), Filters(after="2021", before="2022"), Filters(after="2021", before="2022")),
        (Filters(before="2020"), Filters(before="2021"), Filters(before="2020")),
        (Filters(min_duration=1), Filters(min_duration=2, max_duration=9), Filters(None, None, None, 2, 9)),
        (Filters(max_duration=1), Filters(max_duration=2), Filters(max_duration=1)),
        (Filters(within=(A.parent,)), Filters(within=(A, B)), Filters(within=(A,))),
        (Filters(within=(Path("/videos"),)), Filters(within=(A, B)), Filters(within=(A, B))),
        (Filters(within=(A,)), Filters(within=(B,)), Filters(within=())),
        (Filters(cameras=("a", "b")), Filters(cameras=("b", "c")), Filters(cameras=("b",))),
        (Filters(volumes=(1,)), Filters(volumes=(2,)), Filters(volumes=())),
        (Filters(marked=True), Filters(after="2020"), Filters(after="2020", marked=True)),
    ],
)
def test_what_passes_both_of_two_filters(one: Filters, other: Filters, both: Filters) -> None:
    assert one & other == both
    assert other & one == both


def test_of_no_place_no_camera_and_no_volume_nothing_passes(
    opened: Library, two: tuple[Embedded, Embedded]
) -> None:
    with opened.read() as connection:
        for nothing in (Filters(within=()), Filters(cameras=()), Filters(volumes=())):
            assert set(lookup.filtered_videos(connection, nothing) or ()) == set()


def test_cameras_volumes_and_many_places(opened: Library) -> None:
    canon = add_place(opened, A, camera="Canon EOS R6", day="2020-01-01")
    other = add_place(opened, B, camera="GoPro HERO9", volume=("w", "/"), missing_since=1.0)
    again = add_place(opened, "/videos/c.mp4", camera="GoPro HERO9", volume=("w", "/"))
    add_place(opened, "/videos/d.mp4", camera="Secret", forgotten_at=1.0, day="2019-01-01")
    with opened.read() as connection:
        assert lookup.cameras(connection) == ["GoPro HERO9", "Canon EOS R6"]
        assert lookup.recorded_days(connection, "20", limit=9) == ["2020-01-01"], (
            "nothing of what is forgotten"
        )
        assert lookup.recorded_days(connection, "2020", limit=9) == ["2020-01-01"]
        assert lookup.recorded_days(connection, "2019\U0010ffff", limit=9) == []
        found = lookup.filtered_videos(connection, Filters(cameras=("GoPro HERO9",)))
        assert set(found or ()) == {other, again}
        assert set(lookup.filtered_videos(connection, Filters(volumes=(2,))) or ()) == {again}
        many = tuple(Path(f"/videos/{number}") for number in range(400))
        assert set(lookup.filtered_videos(connection, Filters(within=(*many, A))) or ()) == {canon}
        assert lookup.passing(connection, Filters()) == lookup.Passing(3, "2020-01-01", "2020-01-01")
        assert lookup.passing(connection, Filters(within=(B,))) == lookup.Passing(1, None, None)


def test_paths_below_a_folder_in_the_order_of_their_bytes(opened: Library) -> None:
    names = ["b%.mp4", "B_.mp4", "c\\d.mp4", "b/a.mp4", "é.mp4"]
    for name in names:
        add_place(opened, f"/videos/{name}")
    add_place(opened, "/video/b.mp4")
    add_place(opened, "/videos/bh.mp4", forgotten_at=1.0)

    def found(pattern: str, start: bytes = b"") -> list[str]:
        with opened.read() as connection:
            paths = lookup.paths_below(connection, Path("/videos"), pattern, start=start)
            return [path.removeprefix("/videos/") for path in paths]

    assert found("%") == sorted(names)
    assert found("/videos/b%") == ["B_.mp4", "b%.mp4", "b/a.mp4"]
    assert found("/videos/b\\%%") == ["b%.mp4"]
    assert found("%\\\\%") == ["c\\d.mp4"]
    assert found("%", start=b"/videos/b0") == ["c\\d.mp4", "é.mp4"]


def test_without_a_filter_every_video_passes(opened: Library) -> None:
    assert Filters().empty
    with opened.read() as connection:
        assert lookup.filtered_videos(connection, Filters()) is None


def test_segments_know_the_times_of_their_frames(opened: Library, two: tuple[Embedded, Embedded]) -> None:
    first, second = two
    with opened.read() as connection:
        parts = lookup.segments_of(connection, [first.extraction_id, second.extraction_id])
        indexed = lookup.indexed_videos(connection, 1, [second.video_id])
        newest = lookup.newest_extraction_of(connection, first.video_id)
    assert [row.frames for row in parts[first.extraction_id]] == [(0.0, 2.0, 4.0)]
    assert [(row.first_frame, row.start_seconds, row.end_seconds) for row in parts[second.extraction_id]] == [
        (0, 0.0, 10.0)
    ]
    found = indexed[second.video_id]
    assert (found.extraction_id, found.duration_seconds) == (second.extraction_id, 10.0)
    assert opened.frames.size(found.frame_file) > 0
    assert newest is not None
    assert newest.id == first.extraction_id


def outlined(opened: Library, *parts: tuple[float, float, tuple[float, ...]]) -> int:
    """An extraction of segments with these times of their frames."""
    end = parts[-1][1]
    first = 0
    segments: list[Segment] = []
    seconds: list[float] = []
    for start, stop, times in parts:
        segments.append(Segment(start, stop, first, len(times)))
        seconds += times
        first += len(times)
    with opened.write() as connection:
        video_id = videos.ensure_video(connection, Identity(1, "p", None), INFO, end)
        return videos.add_extraction(
            connection,
            video_id,
            frame_file="a.mif",
            decoder="test",
            sampling="test",
            seconds=seconds,
            outline=Segmentation(end, tuple(part[0] for part in parts[1:]), tuple(segments)),
        )


def shown_at(opened: Library, extraction: int, *times: float) -> list[tuple[int, float] | None]:
    with opened.read() as connection:
        found = [lookup.frame_at(connection, extraction, time) for time in times]
    return [None if one is None else (one.ordinal, one.seconds) for one in found]


def test_the_frame_that_shows_what_is_seen_at_a_time(opened: Library) -> None:
    extraction = outlined(opened, (0.0, 4.0, (0.0, 2.0)), (4.0, 9.0, (4.0, 8.0)))
    assert shown_at(opened, extraction, 0.9, 3.9) == [(0, 0.0), (1, 2.0)]
    assert shown_at(opened, extraction, 4.0, 100.0) == [(2, 4.0), (3, 8.0)]
    with opened.read() as connection:
        first, second = lookup.segments_of(connection, [extraction])[extraction]
        ids = [found and found.segment_id for found in (lookup.frame_at(connection, extraction, 3.9),)]
        assert ids == [first.id]
        found = lookup.frame_at(connection, extraction, 4.0)
        assert found is not None
        assert found.segment_id == second.id


def test_the_frame_of_a_time_at_which_a_picture_stands_for_an_hour(opened: Library) -> None:
    extraction = outlined(opened, (0.0, 3600.0, (0.0,)), (3600.0, 7200.0, (3600.0,)))
    assert shown_at(opened, extraction, 3599.0, 3600.0) == [(0, 0.0), (1, 3600.0)]
    assert shown_at(opened, extraction + 1, 0.0) == [None]


def test_times_of_an_extraction_and_durations(opened: Library, two: tuple[Embedded, Embedded]) -> None:
    extraction = outlined(opened, (0.0, 4.0, (0.0, 2.0)), (4.0, 9.0, (4.0,)))
    first, second = two
    with opened.read() as connection:
        assert lookup.timeline(connection, extraction) == Timeline((0.0, 2.0, 4.0), (4.0,))
        assert lookup.timeline(connection, extraction + 1) == Timeline((), ())
        wanted = [(extraction, 2), (extraction, 3), (extraction + 1, 0)]
        assert lookup.frame_times(connection, wanted) == {(extraction, 2): 4.0}
        asked = [first.video_id, second.video_id, 10**6]
        assert lookup.durations(connection, asked) == {first.video_id: 6.0, second.video_id: 10.0}


def test_a_span_ends_behind_its_last_frame() -> None:
    assert FrameSpan(1, 3, 2).end == 5


def test_forgotten_places_and_hidden_videos_are_not_read(
    opened: Library, space: Space, two: tuple[Embedded, Embedded]
) -> None:
    first, second = two
    with opened.write() as connection:
        assert lookup.video_at(connection, A) == first.video_id
        connection.execute(sa.update(location).where(location.c.path == A).values(forgotten_at=1.0))
        assert lookup.video_at(connection, A) is None
        assert lookup.places(connection, [first.video_id]) == {}
    assert [video_id for video_id, _n in visible(opened, space).values()] == [second.video_id]


def test_places_say_their_volume_and_whether_they_are_missing_or_private(
    opened: Library, two: tuple[Embedded, Embedded]
) -> None:
    first, second = two
    with opened.write() as connection:
        sources.add_source(connection, Path("/videos/a"), thumbnails="none")
        locations.miss(connection, B, 5.0)
        found = lookup.places(connection, [first.video_id, second.video_id])
    (one,), (other,) = found[first.video_id], found[second.video_id]
    assert (one.path, one.volume, one.missing, one.private) == (A, "Disk", False, True)
    assert (other.path, other.volume, other.missing, other.private) == (B, "Disk", True, False)
