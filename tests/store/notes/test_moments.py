"""Seconds → the segment that shows them now; a video → the path where it can be found."""

from __future__ import annotations

from pathlib import Path

import pytest

from mediaindex.media import Segment
from mediaindex.store import forgetting
from mediaindex.store.catalog import locations, lookup
from mediaindex.store.library import Library
from mediaindex.store.notes.moments import as_printed, paths_of, segment_at, segments_at, stretch_at
from mediaindex.store.vectors.spaces import Space
from tests.support.noted import A, B, decode_anew
from tests.support.small_library import AddVideo


def test_the_segment_around_a_time_follows_a_new_decoding(
    opened: Library, space: Space, two: tuple[int, int]
) -> None:
    with opened.read() as connection:
        before = stretch_at(connection, two[0], 5.0)
    decode_anew(opened, space, two[0], Segment(0.0, 4.0, 0, 2), Segment(4.0, 6.0, 2, 1))
    with opened.read() as connection:
        after = stretch_at(connection, two[0], 5.0)
        assert segment_at(connection, two[0], 1.0) != segment_at(connection, two[0], 5.0)
        assert segment_at(connection, two[0], 99.0) == segment_at(connection, two[0], 5.0)
    assert before is not None
    assert after is not None
    assert (before.start_seconds, before.end_seconds) == (0.0, 6.0)
    assert (after.start_seconds, after.end_seconds) == (4.0, 6.0)
    assert before.id != after.id


def test_a_typed_time_means_the_segment_that_is_printed_with_it(
    opened: Library, space: Space, two: tuple[int, int]
) -> None:
    decode_anew(opened, space, two[0], Segment(0.0, 4.006, 0, 2), Segment(4.006, 6.0, 2, 1))
    with opened.read() as connection:
        assert as_printed(connection, two[0], 4.0) == 4.006
        assert as_printed(connection, two[0], 3.9) == 3.9
        assert as_printed(connection, two[0], 4.5) == 4.5
        moments = [(two[0], 1.0), (two[0], 5.0)]
        assert segments_at(connection, moments) == {one: segment_at(connection, *one) for one in moments}


def test_a_video_without_vectors_has_the_segments_of_its_newest_decoding(
    opened: Library, space: Space, add_video: AddVideo
) -> None:
    item = add_video("/videos/new.mp4")
    with opened.read() as connection:
        (segment,) = lookup.segments_of(connection, [item.extraction_id])[item.extraction_id]
        assert segment_at(connection, item.video_id, 1.0) == segment.id
        assert segment_at(connection, 99, 1.0) is None


def test_a_path_is_one_where_a_file_is_and_else_the_oldest(
    opened: Library, two: tuple[int, int], tmp_path: Path
) -> None:
    copy = tmp_path / "copy.mp4"
    with opened.write() as connection:
        first = locations.location_at(connection, A)
        assert first is not None
        values = {"volume_id": first.volume_id, "size": 100, "mtime_ns": 1, "confirmed": True}
        locations.place(connection, copy, video_id=two[0], **values)
    with opened.read() as connection:
        assert paths_of(connection, two) == {two[0]: A, two[1]: B}
    copy.write_bytes(b"")
    with opened.read() as connection:
        assert paths_of(connection, two) == {two[0]: copy, two[1]: B}


@pytest.mark.parametrize("is_undone", [False, True])
def test_a_forgotten_video_has_no_path(opened: Library, two: tuple[int, int], is_undone: bool) -> None:
    with opened.write() as connection:
        forgetting.forget(connection, [A], at=1.0)
        if is_undone:
            forgetting.undo(connection, [A], at=2.0)
        assert (two[0] in paths_of(connection, two)) == is_undone
