"""Marks: one a query and moment, the newest; read as the segments of today."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mediaindex.errors import UsageError
from mediaindex.media import Segment
from mediaindex.store import forgetting
from mediaindex.store.library import Library
from mediaindex.store.notes import marks
from mediaindex.store.notes.marks import Mark
from mediaindex.store.notes.moments import segment_at
from mediaindex.store.vectors.spaces import Space
from tests.support.noted import A, decode_anew, remove_for_good
from tests.support.small_library import AddVideo

PARTS = Segment(0.0, 4.0, 0, 2), Segment(4.0, 6.0, 2, 1)


def put(library: Library, query: str, video_id: int, seconds: float, *, is_right: bool = True) -> Mark:
    with library.write() as connection:
        return marks.put(connection, query, video_id, seconds, is_right=is_right)


def every(library: Library) -> list[Mark]:
    with library.read() as connection:
        return marks.every(connection)


def test_a_mark_has_the_segment_around_it(opened: Library, two: tuple[int, int]) -> None:
    kept = put(opened, "a  dog ", two[0], 3.0)
    assert (kept.query, kept.seconds, kept.is_right) == ("a dog", 3.0, True)
    assert (kept.start_seconds, kept.end_seconds) == (0.0, 6.0)
    assert every(opened) == [kept]
    with opened.read() as connection:
        assert marks.of_query(connection, "a dog") == [kept]
        assert marks.of_query(connection, "a cat") == []
        assert (marks.count(connection), marks.count(connection, "a cat")) == (1, 0)


def test_a_moment_has_one_mark_a_query_the_newest(opened: Library, two: tuple[int, int]) -> None:
    put(opened, "dog", two[0], 1.0)
    newest = put(opened, "dog", two[0], 5.0, is_right=False)
    other_query, other_video = put(opened, "cat", two[0], 1.0), put(opened, "dog", two[1], 1.0)
    assert every(opened) == [other_video, other_query, newest]
    with opened.write() as connection:
        assert marks.take_off(connection, "dog", two[0], 0.0) == 1
        assert marks.take_off(connection, "dog", two[0], 0.0) == 0
    assert every(opened) == [other_video, other_query]


def test_marks_are_of_the_segments_that_a_new_decoding_makes(
    opened: Library, space: Space, two: tuple[int, int]
) -> None:
    put(opened, "dog", two[0], 5.0)
    decode_anew(opened, space, two[0], *PARTS)
    put(opened, "dog", two[0], 0.0, is_right=False)
    with opened.read() as connection:
        first, second = (segment_at(connection, two[0], seconds) for seconds in (0.0, 5.0))
        found = marks.marked_segments(connection, "dog")
    assert (found.right, found.wrong) == ((second,), (first,))


def test_of_two_marks_that_came_to_be_on_one_segment_the_newest_counts(
    opened: Library, space: Space, two: tuple[int, int]
) -> None:
    decode_anew(opened, space, two[0], *PARTS)
    put(opened, "dog", two[0], 0.0)
    put(opened, "dog", two[0], 5.0, is_right=False)
    decode_anew(opened, space, two[0], Segment(0.0, 6.0, 0, 3))
    with opened.read() as connection:
        found = marks.marked_segments(connection, "dog")
        assert found == marks.MarkedSegments((), (segment_at(connection, two[0], 0.0) or 0,))
    newest = put(opened, "dog", two[0], 2.0)
    assert every(opened) == [newest]


def test_marks_are_removed_by_number_by_query_and_altogether(opened: Library, two: tuple[int, int]) -> None:
    one, *_more = [put(opened, query, two[0], 1.0) for query in ("one", "two", "three")]
    with opened.write() as connection:
        assert marks.remove(connection, [one.id, 99]) == [one.id]
        assert marks.clear(connection, "two") == 1
        assert marks.clear(connection) == 1
    assert every(opened) == []


def test_marks_hide_with_their_video_and_go_with_it(opened: Library, two: tuple[int, int]) -> None:
    kept = put(opened, "dog", two[0], 1.0)
    with opened.write() as connection:
        forgetting.forget(connection, [A], at=1.0)
        assert marks.count(connection) == 0
        assert marks.marked_segments(connection, "dog") == marks.MarkedSegments((), ())
        forgetting.undo(connection, [A], at=2.0)
    assert every(opened) == [kept]
    with opened.write() as connection:
        forgetting.forget(connection, [A], at=1.0)
        replaced = marks.put(connection, "dog", two[0], 1.0, is_right=False)
        forgetting.undo(connection, [A], at=2.0)
    assert every(opened) == [replaced]
    remove_for_good(opened, A)
    assert every(opened) == []


@given(query=st.text(st.characters(exclude_categories=[]), max_size=20))
def test_a_query_is_known_again_whatever_its_characters(query: str) -> None:
    key = marks.key_of(query)
    assert key.encode("utf-8").decode("utf-8") == key
    assert marks.key_of(key) == key == marks.key_of(f" {query}\n")


def test_a_mark_is_about_a_query(opened: Library, two: tuple[int, int]) -> None:
    with pytest.raises(UsageError, match="--query TEXT"):
        put(opened, " ", two[0], 1.0)


def test_a_mark_on_a_video_that_is_not_there_is_refused(opened: Library) -> None:
    with pytest.raises(UsageError, match="was removed"), opened.write() as connection:
        marks.put(connection, "dog", 99, 1.0, is_right=True)


def test_marks_on_what_the_serving_space_does_not_show_move_nothing(
    opened: Library, space: Space, two: tuple[int, int], add_video: AddVideo
) -> None:
    waiting = add_video("/videos/new.mp4", seed=3).video_id  # decoded, and not embedded yet
    put(opened, "dog", waiting, 1.0)
    with opened.read() as connection:
        assert segment_at(connection, waiting, 1.0) is not None
        assert marks.marked_segments(connection, "dog") == marks.MarkedSegments((), ())
    put(opened, "dog", two[0], 1.0)
    with opened.read() as connection:
        assert marks.marked_segments(connection, "dog").right == (segment_at(connection, two[0], 1.0),)
