"""Sequences: the best chain of segments in time, as similar as the mean of its parts."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from mediaindex.search.channels.pictures import PictureHit, Wanted
from mediaindex.search.channels.sequences import best_sequences, sequence_hits
from mediaindex.store.mapped.snapshot import SpaceSnapshot
from tests.support.drawn_films import DrawnSegment, Film, films, made_films, space_of, visible_of

FOUR = DrawnSegment(2, 2.0, 0.0, True)
NEVER = float("-inf")


def scores_of(*parts: Sequence[float]) -> list[NDArray[np.float32]]:
    return [np.array(part, np.float32) for part in parts]


def found(
    space: SpaceSnapshot, scores: list[NDArray[np.float32]], within: Sequence[float], wanted: Wanted
) -> list[PictureHit]:
    return sequence_hits(space, best_sequences(space.segments, scores, within), wanted)


def plain_best(
    space: SpaceSnapshot, scores: Sequence[NDArray[np.float32]], within: Sequence[float], first: int
) -> float:
    """The greatest sum of all chains that begin with a segment, tried one by one."""
    own = float(scores[0][first])
    if len(scores) == 1:
        return own
    table = space.segments
    best = NEVER
    for place in range(first + 1, len(table)):
        if table["generation"][place] != table["generation"][first]:
            break
        if table["start"][place] - table["end"][first] <= within[0]:
            best = max(best, plain_best(space, scores[1:], within[1:], place))
    return own + best


score = st.integers(-3, 3).map(float) | st.just(NEVER)


@settings(deadline=None)
@given(
    made=films(3),
    numbers=st.lists(st.lists(score, min_size=24, max_size=24), min_size=1, max_size=3),
    within=st.lists(st.sampled_from([0.0, 2.0, 30.0, 500.0]), min_size=2, max_size=2),
)
def test_the_best_sequences_are_those_of_all_that_there_are(
    made: list[Film], numbers: list[list[float]], within: list[float]
) -> None:
    space = space_of(made)
    scores = scores_of(*(part[: len(space)] for part in numbers))
    limits = within[: len(scores) - 1]
    sequences = best_sequences(space.segments, scores, limits)
    for first in range(len(space)):
        best = plain_best(space, scores, limits, first)
        assert sequences.similarity[first] == np.float32(best) / np.float32(len(scores))
        if best > NEVER:
            places = sequences.places(first)
            assert len(places) == len(scores)
            assert places == sorted(set(places))
            assert len(set(space.video[places].tolist())) == 1
            assert sum(float(part[place]) for part, place in zip(scores, places, strict=True)) == best


def two_films() -> SpaceSnapshot:
    """Four and three segments of 4 s."""
    return space_of(made_films([[FOUR] * 4, [FOUR] * 3], 0))


def test_a_sequence_lasts_from_its_first_segment_to_its_last() -> None:
    space = two_films()
    scores = scores_of([2, 0, 0, 0, 1, 0, 0], [0, 0, 0, 3, 0, 0, 1])
    first, second = found(space, scores, [10.0], Wanted(64, 1))
    assert (first.moment.video_id, first.moment.start_seconds, first.moment.end_seconds) == (1, 0.0, 16.0)
    assert (first.parts, first.place, first.moment.similarity, first.instant_rank) == ((0, 3), 0, 2.5, 1)
    assert first.moment.segment_id == space.segments["id"][0]
    assert (second.parts, second.moment.similarity, second.instant_rank) == ((4, 6), 1.0, 2)


def test_what_comes_too_late_is_no_sequence() -> None:
    scores = scores_of([2] + [NEVER] * 6, [NEVER] * 3 + [3] + [NEVER] * 3)
    assert [hit.parts for hit in found(two_films(), scores, [8.0], Wanted(64))] == [(0, 3)]
    assert found(two_films(), scores, [7.9], Wanted(64)) == []


def test_no_sequence_goes_over_to_another_video_or_back() -> None:
    scores = scores_of([NEVER] * 3 + [2] + [NEVER] * 3, [1, 1, 1, NEVER, 3, 3, 3])
    assert found(two_films(), scores, [1e6], Wanted(64)) == []


def test_those_of_one_video_share_no_segment() -> None:
    scores = scores_of([3, 1, 2, 0, NEVER, NEVER, NEVER], [0, 3, 0, 2, 0, 0, 0])
    hits = found(two_films(), scores, [0.0], Wanted(64))
    assert [hit.parts for hit in hits] == [(0, 1), (2, 3)]
    assert [hit.parts for hit in found(two_films(), scores, [0.0], Wanted(64, 1))] == [(0, 1)]


def test_a_video_that_is_not_shown_has_no_sequence() -> None:
    made = made_films([[FOUR] * 4, [FOUR] * 3], 0)
    space = space_of(made).shows(visible_of(made[1:]))
    first = np.where(space.is_shown(None), np.float32(1.0), np.float32(NEVER))
    hits = found(space, [first, np.ones(7, np.float32)], [0.0], Wanted(64))
    assert {hit.moment.video_id for hit in hits} == {2}


def test_a_space_without_segments_has_none() -> None:
    empty = two_films().segments[:0]
    assert len(best_sequences(empty, scores_of([], []), [5.0]).similarity) == 0


def test_what_is_not_similar_enough_and_the_example_itself_are_no_answers() -> None:
    scores = scores_of([2, 0, 0, 0, 1, 0, 0], [0, 0, 0, 3, 0, 0, 1])
    enough = Wanted(64, 1, min_similarity=1.5)
    assert [hit.parts for hit in found(two_films(), scores, [10.0], enough)] == [(0, 3)]
    no_example = Wanted(64, 1, without=(1, 1.0))
    assert (0, 3) not in [hit.parts for hit in found(two_films(), scores, [10.0], no_example)]
