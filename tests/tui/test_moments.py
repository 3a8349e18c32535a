from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from mediaindex_tui.moments import FIRST_PAGE, MomentList, assurance, neighbours, seconds_to_open, videos_of
from tests.support.fake_finder import MOMENTS, moment


def keys_of(shown: MomentList) -> list[str]:
    return [one.key for one in shown.moments]


def test_moments_of_a_video_stand_together_the_best_first() -> None:
    shown = MomentList()
    shown.show(MOMENTS)
    assert keys_of(shown) == ["1:4", "1:15", "1:0", "2:0", "2:11", "3:41"]
    assert [(group.first, group.count) for group in shown.groups] == [(0, 3), (3, 2), (5, 1)]
    assert videos_of(shown.moments) == 3


def test_no_more_than_three_moments_of_a_video_stand_together() -> None:
    shown = MomentList()
    shown.show([moment(n, 1, float(n)) for n in range(1, 6)] + [moment(6, 2, 0.0)])
    assert [(group.first, group.count) for group in shown.groups] == [(0, 3), (3, 2), (5, 1)]


def test_a_weak_moment_stands_not_above_better_ones_of_others() -> None:
    shown = MomentList()
    shown.show([moment(1, 1, 1.0), *(moment(n, n, 0.0) for n in range(2, 7)), moment(7, 1, 7.0)])
    assert keys_of(shown)[0] == "1:1"
    assert keys_of(shown)[-1] == "1:7"


@given(st.lists(st.integers(1, 9), max_size=200))
def test_every_moment_is_shown_once_and_more_of_them_move_none(videos: list[int]) -> None:
    every = [moment(n + 1, video, float(n)) for n, video in enumerate(videos)]
    shown, first = MomentList(), MomentList()
    shown.show(every)
    first.show(every[:FIRST_PAGE])
    assert sorted(keys_of(shown)) == sorted(one.key for one in every)
    assert keys_of(shown)[:FIRST_PAGE] == keys_of(first)


def test_the_cursor_stays_on_its_moment() -> None:
    shown = MomentList()
    shown.show(MOMENTS)
    shown.move_to(3)
    shown.show([moment(1, 9, 3.0), *MOMENTS])
    assert shown.current is not None
    assert shown.current.key == "2:0"
    shown.show([one for one in MOMENTS if one.key != "2:0"])
    assert shown.current.key == "2:11"  # another of the same video


def test_untouched_it_stands_on_the_first() -> None:
    shown = MomentList()
    shown.show(MOMENTS)
    shown.show([moment(1, 9, 3.0), *MOMENTS])
    assert shown.cursor == 0
    assert shown.current is not None
    assert shown.current.key == "9:3"


def test_moves_end_at_the_ends() -> None:
    shown = MomentList()
    assert shown.current is None
    shown.move_to(4)
    assert shown.cursor == 0
    shown.show(MOMENTS)
    shown.move_to(99)
    assert shown.cursor == 5
    assert shown.place_of_video(-1) == 3
    assert shown.place_of_video(1) == 5


def test_the_same_mark_again_takes_it_off() -> None:
    shown = MomentList()
    shown.show(MOMENTS)
    assert shown.marks == {"1:0": "right"}
    assert shown.mark(MOMENTS[0], "wrong") is False
    assert shown.mark(MOMENTS[0], "right") is True
    assert shown.mark(MOMENTS[0], "right") is None
    shown.set_mark("1:0", None)
    assert shown.marks == {}


def test_bars_are_of_the_confidence_else_among_the_similarities() -> None:
    shown = MomentList()
    shown.show(
        [moment(1, 1, 0, confidence=None, similarity=0.4), moment(2, 2, 0, confidence=None, similarity=0.2)]
    )
    assert [shown.strength(one) for one in shown.moments] == [5, 1]
    assert shown.strength(moment(1, 1, 0, confidence=0.5)) == 2
    assert shown.strength(moment(1, 1, 0, confidence=None, similarity=None)) == 0


def test_assurance_is_a_word() -> None:
    assert assurance(moment(1, 1, 0, confidence=0.8)) == "likely"
    assert assurance(moment(1, 1, 0, confidence=0.4)) == "maybe"
    assert assurance(moment(1, 1, 0, confidence=0.1)) == "weak"
    assert assurance(moment(1, 1, 0, confidence=None, similarity=0.36)) == ".36"
    assert assurance(moment(1, 1, 0, confidence=None, similarity=None)) == "words"


def test_a_player_begins_at_the_moment_but_not_long_before_its_best_frame() -> None:
    assert seconds_to_open(moment(1, 1, 4.0)) == 4.0
    assert seconds_to_open(moment(1, 1, 4.0, end=60.0, best=50.0)) == 45.0


def test_the_frames_around_a_time() -> None:
    seconds = (0.0, 1.0, 2.0, 3.0, 4.0)
    assert neighbours(seconds, 2.1, 3) == [1.0, 2.0, 3.0]
    assert neighbours(seconds, 9.0, 3) == [2.0, 3.0, 4.0]
    assert neighbours(seconds, 0.0, 9) == list(seconds)
    assert neighbours((), 0.0, 9) == []


def test_a_file_that_is_gone_marks_its_moments() -> None:
    shown = MomentList()
    shown.show(MOMENTS)
    shown.set_absence(MOMENTS[0].path, "not there now")
    assert [one.absence for one in shown.moments[:4]] == ["not there now"] * 3 + [None]
