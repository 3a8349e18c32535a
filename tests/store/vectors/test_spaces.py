"""Which space serves, which is being filled, and what is visible in each."""

from __future__ import annotations

from mediaindex.store.commit import put, sweep
from mediaindex.store.library import Library
from mediaindex.store.maintenance.check import check
from mediaindex.store.vectors import spaces
from mediaindex.store.vectors.spaces import Space
from tests.support.small_library import AddVideo, make_space, visible


def test_a_new_space_serves_only_when_it_is_complete_and_the_old_one_is_dropped(
    opened: Library, space: Space, add_video: AddVideo
) -> None:
    item = add_video()
    put(opened, space, [item])
    other = make_space(opened, digest="two")
    assert other.state == "building"
    put(opened, other, [item])
    with opened.read() as connection:
        assert spaces.active_space(connection) == space
    with opened.write() as connection:
        spaces.switch_space(connection, other.id)
    sweep(opened)
    with opened.read() as connection:
        active = spaces.active_space(connection)
        assert active is not None
        assert active.id == other.id
        assert [found.id for found in spaces.all_spaces(connection)] == [other.id]
    assert not (opened.root / "vectors" / f"space_{space.id}.lance").exists()
    assert check(opened).problems == []


def test_content_for_a_building_space_is_not_shown_before_the_switch(
    opened: Library, space: Space, add_video: AddVideo
) -> None:
    first = add_video("/videos/a.mp4", seed=1)
    put(opened, space, [first])
    other = make_space(opened, digest="two")
    second = add_video("/videos/a.mp4", seed=2)
    put(opened, other, [first, second])
    assert [v for v, _n in visible(opened, space).values()] == [first.video_id]
    with opened.write() as connection:
        spaces.switch_space(connection, other.id)
    assert [v for v, _n in visible(opened, other).values()] == [second.video_id]


def test_a_space_that_comes_back_while_it_is_dropped_gets_a_table_of_its_own(
    opened: Library, space: Space, add_video: AddVideo
) -> None:
    put(opened, space, [add_video()])
    other = make_space(opened, digest="two")
    with opened.write() as connection:
        spaces.switch_space(connection, other.id)
    again = make_space(opened)
    assert again.id not in (space.id, other.id)
    assert again.state == "building"


def test_the_first_space_serves_and_the_same_identity_is_the_same_space(opened: Library) -> None:
    with opened.read() as connection:
        assert spaces.active_space(connection) is None
    first = make_space(opened)
    assert first.state == "serving"
    assert make_space(opened) == first
    assert make_space(opened, digest="two").state == "building"
    with opened.read() as connection:
        assert spaces.active_space(connection) == first
        assert [space.digest for space in spaces.all_spaces(connection)] == ["one", "two"]


def test_videos_without_vectors_are_listed_for_each_space(
    opened: Library, space: Space, add_video: AddVideo
) -> None:
    first, second = add_video("/videos/a.mp4", seed=1), add_video("/videos/b.mp4", 5, seed=2)
    put(opened, space, [first])
    other = make_space(opened, digest="two")
    with opened.read() as connection:
        (missing,) = spaces.missing_vectors(connection, space.id)
        assert (missing.video_id, missing.extraction_id, missing.frames) == (
            second.video_id,
            second.extraction_id,
            5,
        )
        assert len(spaces.missing_vectors(connection, other.id)) == 2
        assert list(spaces.owned(connection, space.id).values()) == [3]
        assert spaces.owned(connection, other.id) == {}


def test_switching_to_the_space_that_serves_changes_nothing(opened: Library, space: Space) -> None:
    with opened.write() as connection:
        spaces.switch_space(connection, space.id)
        assert spaces.active_space(connection) == space
