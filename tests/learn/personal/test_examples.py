"""What is read of a library: whose moment it is, which queries count, and what is left out."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mediaindex.learn.evaluation.library_queries import searchable_videos
from mediaindex.learn.personal import examples
from mediaindex.learn.personal.examples import Stretch, read_examples
from mediaindex.store.library import Library
from mediaindex.store.notes import captions, history, marks
from tests.support.commands import index_quietly
from tests.support.films import film
from tests.support.personal_library import space_of

SECONDS = st.floats(0, 100)


def stretch(start: float, end: float) -> Stretch:
    return Stretch(1, start, end)


@pytest.mark.parametrize(
    ("part", "moment", "is_shown"),
    [
        (stretch(0, 10), (0, 10), True),
        (stretch(0, 10), (9, 20), True),
        (stretch(0, 10), (10, 20), False),  # it only touches
        (stretch(5, 5), (0, 10), True),
        (stretch(10, 10), (10, 20), True),
        (stretch(5, 5), (6, 10), False),
        (stretch(3, 3.05), (3.01, 9), True),  # of a stretch that short, half is enough
    ],
)
def test_a_moment_shows_what_it_shares_time_with(
    part: Stretch, moment: tuple[float, float], is_shown: bool
) -> None:
    assert part.is_shown_by(1, *moment) is is_shown
    assert not part.is_shown_by(2, *moment)


@given(SECONDS, SECONDS, SECONDS)
def test_whatever_tiles_a_video_shows_every_stretch_somewhere(
    start: float, length: float, cut: float
) -> None:
    part, end = stretch(start, start + length), start + length + 1
    cut = min(max(cut, 0.0), end)
    assert part.is_shown_by(1, 0, cut) or part.is_shown_by(1, cut, end)


@pytest.fixture
def library(tmp_path: Path) -> Library:
    from mediaindex.store.library import open_library

    film(tmp_path / "videos" / "a.mp4", "red", "blue")
    film(tmp_path / "videos" / "b.mp4", "green")
    index_quietly(tmp_path / "library", tmp_path / "videos")
    return open_library(tmp_path / "library")


def test_captions_marks_and_picks_are_read_with_what_they_are_about(
    library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    space = space_of(library)
    with library.write() as connection:
        one, other = searchable_videos(connection, space.id)
        captions.add(connection, one, 0.0, 2.0, "first")
        captions.add(connection, other, 1.0, 2.0, "second")
        marks.put(connection, "a wall", one, 1.0, is_right=True)
        marks.put(connection, "a wall", other, 1.0, is_right=False)
        marks.put(connection, "-red wall", one, 1.0, is_right=True)  # no picture shows a filter
        for query in ("green", "green", "in:videos green"):
            history.record(connection, query, other, 1.5)
    with library.read() as connection:
        found = read_examples(connection, space.id)
    assert [(one.kind, one.text) for one in found.all] == [
        ("caption", "first"),
        ("caption", "second"),
        ("mark", "a wall"),
        ("pick", "green"),
    ]
    mark = found.all[2]
    assert ([part.video_id for part in mark.right], [part.video_id for part in mark.wrong]) == (
        [one],
        [other],
    )
    assert mark.videos == {one, other}
    assert found.all[3].right == (Stretch(other, 1.5, 1.5),)
    assert (found.left_out, found.captioned_videos, found.count("caption")) == (0, 2, 2)
    assert sorted(found.contents) == [one, other]
    assert len(set(found.contents.values())) == 2
    monkeypatch.setitem(examples.MOST, "caption", 1)
    with library.read() as connection:
        assert read_examples(connection, space.id).count("caption") == 1


def test_captions_of_what_no_search_shows_are_counted_and_left_out(library: Library, tmp_path: Path) -> None:
    space = space_of(library)
    with library.write() as connection:
        one, _other = searchable_videos(connection, space.id)
        captions.add(connection, one, 0.0, 2.0, "first")
    with library.read() as connection:
        found = read_examples(connection, space.id + 1)
    assert (found.all, found.left_out) == ((), 1)
