"""Fusion: both channels in one order, a moment that both found standing once."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mediaindex.search.channels.fusion import FusedMoment, fused, reciprocal_rank
from mediaindex.search.channels.moments import Moment
from mediaindex.search.channels.pictures import PictureHit
from mediaindex.store.catalog.fulltext import WordHit


def moment(video: int, start: float = 0.0, *, segment: int | None = 1) -> Moment:
    return Moment(video, segment, start, start + 4.0, 0.5)


def pictures(*moments: Moment) -> list[PictureHit]:
    return [PictureHit(one, 100 + rank, rank, 0.25) for rank, one in enumerate(moments, 1)]


def words(video: int, start: float | None = None, end: float | None = None) -> WordHit:
    return WordHit(video, start, end, (("dog", "title"),), 1.0, 1.0)


def ranks(moments: Sequence[FusedMoment]) -> list[tuple[int, int | None, int | None]]:
    return [(one.moment.video_id, one.picture_rank, one.word_rank) for one in moments]


def test_a_rank_counts_as_one_over_sixty_more() -> None:
    assert reciprocal_rank(1, None) == 1 / 61
    assert reciprocal_rank(2, 3) == pytest.approx(1 / 62 + 1 / 63)
    assert reciprocal_rank(None, None) == 0.0
    assert reciprocal_rank(1, k=0) == 1.0


def test_what_both_channels_find_stands_once_and_first() -> None:
    found = fused(pictures(moment(1), moment(2)), [words(2), words(3)], {}, {})
    assert ranks(found) == [(2, 2, 1), (1, 1, None), (3, None, 2)]
    assert found[0].score == pytest.approx(1 / 62 + 1 / 61)
    assert found[0].picture_hit == pictures(moment(1), moment(2))[1]


def test_at_equal_scores_words_come_first() -> None:
    assert ranks(fused(pictures(moment(1)), [words(2)], {}, {})) == [(2, None, 1), (1, 1, None)]


def test_a_cue_goes_with_the_moment_in_which_it_is_said() -> None:
    hits = pictures(moment(1, 0.0), moment(1, 10.0))
    found = fused(hits, [words(1, 11.0, 12.0)], {}, {})
    assert ranks(found) == [(1, 2, 1), (1, 1, None)]
    assert (found[0].moment.start_seconds, found[0].moment.end_seconds) == (11.0, 12.0)
    outside = fused(hits, [words(1, 14.0, 15.0)], {}, {})
    assert ranks(outside) == [(1, None, 1), (1, 1, None), (1, 2, None)], "a moment's end is not in it"


def test_words_about_a_file_show_its_best_moment() -> None:
    (best,) = pictures(moment(1, 8.0))
    (found,) = fused([], [words(1)], {1: best}, {})
    assert (found.moment, found.seen, found.is_cue) == (moment(1, 8.0), best, False)
    (found,) = fused([], [words(1)], {}, {1: 20.0})
    assert (found.moment, found.seen) == (Moment(1, None, 0.0, 20.0, None), None)
    (found,) = fused([], [words(1)], {}, {})
    assert found.moment == Moment(1, None, 0.0, 0.0, None)


def test_a_cue_is_a_moment_of_its_own_times() -> None:
    (best,) = pictures(moment(1, 8.0))
    (found,) = fused([], [words(1, 12.0, 13.0)], {1: best}, {1: 20.0})
    assert (found.moment, found.is_cue) == (Moment(1, None, 12.0, 13.0, None), True)
    assert found.seen is best, "what the pictures show of its video is known beside it"
    (found,) = fused([], [words(1, 12.0, 13.0)], {}, {})
    assert (found.moment, found.seen) == (Moment(1, None, 12.0, 13.0, None), None)


def test_a_cue_that_the_pictures_meet_shows_what_they_found_there() -> None:
    first, second = hits = pictures(moment(1, 0.0), moment(1, 10.0))
    found = fused(hits, [words(1, 11.0, 12.0)], {1: first}, {})
    assert [one.seen for one in found] == [second, first]


def test_a_probability_is_that_of_the_segment_that_is_shown() -> None:
    (hit,) = pictures(moment(1, 10.0, segment=2))
    shown, other = (FusedMoment(moment(1, segment=segment), hit) for segment in (2, 1))
    assert (shown.probability, other.probability) == (0.25, None)
    assert FusedMoment(moment(1)).probability is None


def test_words_that_hold_a_part_of_the_query_or_the_camera_alone_lift_nothing() -> None:
    part = WordHit(2, None, None, (("apple", "name"),), 0.5, 1.0, 0.5)
    camera = WordHit(3, None, None, (("apple", "camera"),), 1.0, 1.0, 0.0)
    hits = pictures(moment(3), moment(2), moment(1))
    found = fused(hits, [words(1), camera, part], {}, {})
    assert ranks(found) == [(1, 3, 1), (3, 1, 2), (2, 2, 3)]
    assert [one.score for one in found] == pytest.approx([1 / 61 + 1 / 63, 1 / 61, 1 / 62])
    assert [one.is_told for one in found] == [True, False, False]
    alone = fused(hits[:1], [words(1), part], {}, {})
    assert ranks(alone) == [(1, None, 1), (3, 1, None), (2, None, 2)]
    assert alone[2].score == pytest.approx(0.5 / 62)


def test_at_equal_scores_what_is_told_comes_before_what_the_camera_holds() -> None:
    camera = WordHit(2, None, None, (("apple", "camera"),), 1.0, 1.0, 0.0)
    assert ranks(fused(pictures(moment(2)), [words(1), camera], {}, {})) == [(1, None, 1), (2, 1, 2)]


@given(
    of_pictures=st.lists(st.tuples(st.integers(1, 4), st.integers(0, 3)), max_size=8, unique=True),
    of_words=st.lists(st.tuples(st.integers(1, 4), st.integers(0, 15) | st.none()), max_size=8, unique=True),
)
def test_nothing_is_lost_or_doubled(
    of_pictures: list[tuple[int, int]], of_words: list[tuple[int, int | None]]
) -> None:
    hits = pictures(*(moment(number, 4.0 * place) for number, place in of_pictures))
    cues = [words(n, *(2 * [None] if start is None else [start, start + 0.5])) for n, start in of_words]
    found = fused(hits, cues, {}, {})
    assert sorted(one.word_rank for one in found if one.word_rank) == list(range(1, len(cues) + 1))
    assert sorted(one.picture_rank for one in found if one.picture_rank) == list(range(1, len(hits) + 1))
    assert [one.score for one in found] == sorted((one.score for one in found), reverse=True)
