"""Hiding places, showing them again, and removing for good what has been hidden or gone for long."""

from __future__ import annotations

from pathlib import Path

import pytest
import sqlalchemy as sa

from mediaindex.store import commit, forgetting
from mediaindex.store.catalog import failures, fulltext, locations, lookup, sources, videos
from mediaindex.store.catalog.failures import Failure
from mediaindex.store.catalog.schema import location, subtitle, video, word
from mediaindex.store.commit import Embedded
from mediaindex.store.forgetting import UNDO_SECONDS
from mediaindex.store.library import Library
from mediaindex.store.mapped.visible import read_visible
from mediaindex.store.vectors.spaces import Space
from tests.support.small_library import AddVideo

DAY = 86_400.0
A, B = Path("/videos/a.mp4"), Path("/videos/b.mp4")


@pytest.fixture
def two(opened: Library, space: Space, add_video: AddVideo) -> tuple[Embedded, Embedded]:
    """A and B are visible."""
    items = add_video(str(A), seed=1), add_video(str(B), seed=2)
    commit.put(opened, space, items)
    for item, path in zip(items, (A, B), strict=True):
        with opened.write() as connection:
            (place,) = locations.places_of_content(connection, item.video_id)
            fulltext.set_location_words(connection, place.id, item.video_id, path, Path("/"))
    return items


def copy_of(opened: Library, item: Embedded, path: Path) -> None:
    with opened.write() as connection:
        (first, *_more) = locations.places_of_content(connection, item.video_id)
        values = {"volume_id": first.volume_id, "size": 100, "mtime_ns": 1, "confirmed": True}
        number = locations.place(connection, path, video_id=item.video_id, **values)
        fulltext.set_location_words(connection, number, item.video_id, path, Path("/"))


def visible(opened: Library, space: Space) -> set[int]:
    with opened.read() as connection:
        seen = set(read_visible(connection, space.id).video.tolist())
        assert videos.visible_frames(connection, space.id) == 3 * len(seen)
    return seen


def named(opened: Library, text: str) -> set[int]:
    with opened.read() as connection:
        return {hit.video_id for hit in fulltext.find(connection, text).hits}


def paths(opened: Library) -> set[Path]:
    with opened.read() as connection:
        return set(connection.execute(sa.select(location.c.path)).scalars())


def test_what_is_forgotten_is_not_seen_and_can_be_undone(
    opened: Library, space: Space, two: tuple[Embedded, Embedded]
) -> None:
    a, b = (item.video_id for item in two)
    with opened.write() as connection:
        assert forgetting.forget(connection, [A], at=100.0) == forgetting.ForgetResult((A,), 1)
    assert visible(opened, space) == {b}
    assert (named(opened, "a"), named(opened, "b")) == (set(), {b})
    with opened.read() as connection:
        assert locations.hidden_videos(connection) == {a}
        assert (locations.is_hidden(connection, A), locations.is_hidden(connection, B)) == (True, False)
        assert lookup.video_at(connection, A) is None
        assert lookup.places(connection, [a, b]).keys() == {b}
        assert set(lookup.filtered_videos(connection, lookup.Filters(within=(A.parent,))) or ()) == {b}
        assert forgetting.last_forgetting(connection, now=100.0 + UNDO_SECONDS) == 100.0
        assert forgetting.last_forgetting(connection, now=101.0 + UNDO_SECONDS) is None
    with opened.write() as connection:
        assert forgetting.undo(connection, None, at=100.0) == forgetting.ForgetResult((A,), 1)
    assert visible(opened, space) == {a, b}
    assert named(opened, "a") == {a}


def test_the_last_forgetting_is_undone_alone(opened: Library, two: tuple[Embedded, Embedded]) -> None:
    with opened.write() as connection:
        forgetting.forget(connection, [A], at=100.0)
        forgetting.forget(connection, [B], at=200.0)
        assert forgetting.undo(connection, None, at=200.0).paths == (B,)
        assert forgetting.undo(connection, None, at=200.0).paths == ()
        assert forgetting.undo(connection, [A.parent], at=0.0).paths == (A,)


def test_a_forgetting_that_is_begun_again_tells_the_same(
    opened: Library, two: tuple[Embedded, Embedded]
) -> None:
    with opened.write() as connection:
        first = forgetting.forget(connection, [A], at=100.0)
        assert forgetting.forget(connection, [A], at=100.0) == first
        assert forgetting.forget(connection, [A], at=200.0).paths == ()


def test_a_copy_keeps_the_video_but_not_the_words_of_the_other_place(
    opened: Library, space: Space, two: tuple[Embedded, Embedded]
) -> None:
    a, b = (item.video_id for item in two)
    copy_of(opened, two[0], Path("/else/copy.mp4"))
    with opened.write() as connection:
        assert forgetting.forget(connection, [A], at=100.0).videos == 0
    assert visible(opened, space) == {a, b}
    assert (named(opened, "a"), named(opened, "copy")) == (set(), {a})
    with opened.read() as connection:
        assert [str(place.path) for place in lookup.places(connection, [a])[a]] == ["/else/copy.mp4"]


def test_after_its_time_a_tombstone_is_left_where_the_file_may_be(
    opened: Library, space: Space, two: tuple[Embedded, Embedded]
) -> None:
    a, b = (item.video_id for item in two)
    with opened.write() as connection:
        forgetting.forget(connection, [A, B], at=100.0)
        gone = sa.update(location).where(location.c.path == B).values(missing_since=50.0)
        connection.execute(gone)
        assert forgetting.purge_forgotten(connection, before=100.0) == []
        assert set(forgetting.purge_forgotten(connection, before=101.0)) == {a, b}
        assert forgetting.purge_forgotten(connection, before=101.0) == []
    commit.sweep(opened)
    assert paths(opened) == {A}
    with opened.read() as connection:
        assert locations.locations_below(connection, [A])[A].content is None
        assert connection.execute(sa.select(video)).all() == []
        assert connection.execute(sa.select(word)).all() == []
        assert connection.exec_driver_sql("PRAGMA foreign_key_check").all() == []
    with opened.write() as connection:
        # What is gone for good cannot be shown, but it is left alone no more.
        assert forgetting.undo(connection, [A], at=0.0).paths == (A,)
    assert paths(opened) == set()


def test_a_purged_place_of_a_video_that_stays_takes_its_words_along(
    opened: Library, two: tuple[Embedded, Embedded]
) -> None:
    copy_of(opened, two[0], Path("/else/copy.mp4"))
    with opened.write() as connection:
        (first, _copy) = locations.places_of_content(connection, two[0].video_id)
        about = fulltext.SubtitleFile("a.srt", location_id=first.id)
        fulltext.add_subtitle(connection, two[0].video_id, about, [])
        forgetting.forget(connection, [A], at=100.0)
        assert fulltext.subtitles_of(connection, two[0].video_id) == []
        assert forgetting.purge_forgotten(connection, before=200.0) == []
        assert connection.execute(sa.select(subtitle)).all() == []
        assert connection.execute(sa.select(word.c.id).where(word.c.location_id == first.id)).all() == []
    assert named(opened, "copy") == {two[0].video_id}


def test_forgetting_at_once_takes_also_what_was_hidden(
    opened: Library, two: tuple[Embedded, Embedded]
) -> None:
    with opened.write() as connection:
        forgetting.forget(connection, [A], at=100.0)
        done = forgetting.forget_now(connection, [A.parent], at=200.0)
        assert (done.paths, done.videos) == ((A, B), 2)
        assert forgetting.forget_now(connection, [A.parent], at=200.0).paths == (B,)


def test_a_file_that_could_not_be_read_is_left_alone_once_forgotten(
    opened: Library, two: tuple[Embedded, Embedded]
) -> None:
    broken = Path("/videos/broken.mp4")
    with opened.write() as connection:
        failures.set_failure(connection, Failure(broken, "probe", "dead", 1, None, "text", 5, 6, "one"))
        failures.set_skip(connection, Path("/videos/song.mp4"), size=1, mtime_ns=2, reason="no film")
        done = forgetting.forget(connection, [broken, Path("/videos/song.mp4")], at=100.0)
        assert done == forgetting.ForgetResult((broken, Path("/videos/song.mp4")), 0)
        assert failures.failures(connection) == {}
        tombstone = locations.locations_below(connection, [broken])[broken]
        assert (tombstone.content, tombstone.size, tombstone.forgotten_at) == (None, 5, 100.0)
        assert forgetting.undo(connection, None, at=100.0).videos == 0
        assert locations.locations_below(connection, [broken]) == {}


def test_what_is_missing_for_long_goes_unless_its_root_is_held(
    opened: Library, two: tuple[Embedded, Embedded]
) -> None:
    a, b = (item.video_id for item in two)
    held = Path("/held")
    copy_of(opened, two[1], held / "b.mp4")
    with opened.write() as connection:
        sources.add_source(connection, held)
        sources.add_source(connection, A.parent)
        sources.hold(connection, held, 10.0)
        connection.execute(sa.update(location).values(missing_since=20.0))
        assert forgetting.long_missing(connection, before=20.0) == []
        gone = forgetting.long_missing(connection, before=20.0 + DAY)
        assert forgetting.purge_missing(connection, gone) == [a]
    assert paths(opened) == {held / "b.mp4"}
    with opened.write() as connection:
        done = forgetting.forget_missing(connection, held, at=30.0)
        assert done == forgetting.ForgetResult((held / "b.mp4",), 1)
        sources.hold(connection, held, None)
        gone = forgetting.long_missing(connection, before=20.0 + DAY)
        assert forgetting.purge_missing(connection, gone) == [b]


def test_many_paths_at_once(opened: Library, two: tuple[Embedded, Embedded]) -> None:
    """More than one SQL expression can hold."""
    many = [Path(f"/nothing/{number}") for number in range(1500)]
    with opened.write() as connection:
        assert forgetting.forget(connection, [*many, A.parent, A], at=1.0).paths == (A, B)
        assert failures.failures(connection, many) == {}
        assert failures.skips(connection, many) == {}
        assert locations.remove_locations(connection, list(range(10_000, 50_000))) == []
