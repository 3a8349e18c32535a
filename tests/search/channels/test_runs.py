"""Runs: which neighbouring segments make a moment, and which segments that depends on."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from mediaindex.search.channels.moments import Moment
from mediaindex.search.channels.runs import Run, ScoredVideo, joined
from mediaindex.store.mapped.segments import SEGMENT

ALIKE, DIFFERENT = 0.95, 0.85


def scored(
    similarities: Sequence[float],
    likenesses: Sequence[float] | None = None,
    *,
    parts: Sequence[tuple[float, float]] | None = None,
) -> ScoredVideo:
    """A video of these segments, each like the next one as far as is said, of 4 s where nothing is said."""
    table = np.zeros(len(similarities), SEGMENT)
    bounds = parts or [(4.0 * n, 4.0 * n + 4.0) for n in range(len(table))]
    table["id"] = 100 + np.arange(len(table))
    table["start"], table["end"] = np.array(bounds).T
    table["likeness"] = -1.0
    table["likeness"][:-1] = ALIKE if likenesses is None else likenesses[: len(table) - 1]
    return ScoredVideo(7, 0, table, joined(table), np.array(similarities, np.float32))


def moments(video: ScoredVideo, most: int | None = None) -> list[Moment]:
    return [video.moment(run) for run in video.runs(most)]


def spans(video: ScoredVideo, most: int | None = None) -> list[tuple[float, float]]:
    return [(moment.start_seconds, moment.end_seconds) for moment in moments(video, most)]


def test_a_segment_is_a_moment() -> None:
    assert moments(scored([0.5])) == [Moment(7, 100, 0.0, 4.0, 0.5)]


def test_neighbours_that_answer_and_look_alike_are_one() -> None:
    assert moments(scored([0.48, 0.5, 0.46])) == [Moment(7, 101, 0.0, 12.0, 0.5)]


def test_a_neighbour_that_does_not_answer_ends_the_moment() -> None:
    video = scored([0.44, 0.5, 0.46])
    assert spans(video) == [(4.0, 12.0), (0.0, 4.0)]
    assert [moment.similarity for moment in moments(video)] == pytest.approx([0.5, 0.44])


def test_a_neighbour_that_looks_different_ends_the_moment() -> None:
    assert spans(scored([0.5, 0.49, 0.48], [DIFFERENT, ALIKE])) == [(0.0, 4.0), (4.0, 12.0)]


def test_a_hole_ends_the_moment() -> None:
    assert spans(scored([0.5, 0.5], parts=[(0.0, 4.0), (4.2, 8.0)])) == [(0.0, 4.0), (4.2, 8.0)]
    assert spans(scored([0.5, 0.5], parts=[(0.0, 4.0), (4.04, 8.0)])) == [(0.0, 8.0)]


def test_where_nothing_answers_the_least_bad_comes_first() -> None:
    assert spans(scored([-0.5, -0.2])) == [(4.0, 8.0), (0.0, 4.0)]


def test_what_takes_no_part_is_in_no_moment() -> None:
    assert spans(scored([0.5, -np.inf, 0.5])) == [(0.0, 4.0), (8.0, 12.0)]


def test_so_many_of_the_best_are_made() -> None:
    video = scored([0.1, 0.5, 0.3, 0.9])
    assert spans(video, 2) == spans(video)[:2] == [(12.0, 16.0), (4.0, 8.0)]


def test_hubs_change_the_order_and_not_what_is_one_moment() -> None:
    video = replace(scored([0.5, 0.48, 0.3]), hubs=np.array([0.4, 0.4, 0.1], np.float32))
    first, second = moments(video)
    assert (first.start_seconds, first.end_seconds, second.start_seconds) == (8.0, 12.0, 0.0)
    assert second.end_seconds == 8.0, "two segments of one hub are one moment as before"
    assert (first.similarity, first.score) == pytest.approx((0.3, 0.2))
    assert (second.similarity, second.score) == pytest.approx((0.5, 0.1))


def test_a_line_that_is_looked_for_has_its_moment_too() -> None:
    video = scored([0.9, 0.5, 0.2, 0.21])
    best, told = video.runs(1, told=[(9.0, 14.0)])
    assert (best, told) == (Run(0, 0, 0), Run(3, 2, 3)), "the one before is better and makes its own"
    assert list(told.segments) == [2, 3]
    assert scored([0.9, 0.5, 0.48]).runs(1, told=[(9.0, 10.0)]) == [best, Run(1, 1, 2)]
    assert video.runs(1, told=[(1.0, 2.0)]) == [best], "it is the best one"
    assert video.runs(1, told=[(20.0, 21.0)]) == [best], "nothing is shown then"


similarity = st.floats(-1, 1, width=32)
likenesses = st.lists(st.sampled_from([ALIKE, ALIKE, DIFFERENT]), min_size=24, max_size=24)


@given(values=st.lists(similarity, min_size=1, max_size=24), likeness=likenesses)
def test_moments_part_the_film(values: list[float], likeness: list[float]) -> None:
    """Every segment lies in exactly one moment, best first, and a moment's best is its own."""
    video = scored(values, likeness)
    ordered = sorted(spans(video))
    assert ordered[0][0] == 0.0
    assert ordered[-1][1] == 4.0 * len(values)
    assert all(left[1] == right[0] for left, right in itertools.pairwise(ordered))
    found = [moment.similarity or 0.0 for moment in moments(video)]
    assert found == sorted(found, reverse=True)
    for run in video.runs(None):
        assert run.first <= run.best <= run.last
        assert video.similarity[run.best] == video.similarity[run.first : run.last + 1].max()


def test_a_run_that_a_better_one_cuts_short_leaves_more_that_counts() -> None:
    video = scored([0.84, 0.89, 1.0, 0.85, 0.77], [DIFFERENT, ALIKE, ALIKE, ALIKE])
    assert video.runs(3) == [Run(2, 2, 2), Run(1, 1, 1), Run(3, 3, 4)]
    assert video.may_count(3, error=0.001) >= {1, 2, 3, 4}
    assert video.may_count(1, error=0.001) == {2}


lines = st.lists(st.tuples(st.integers(0, 90), st.integers(1, 12)), max_size=2)


@given(
    steps=st.lists(st.integers(0, 12) | st.integers(0, 60), min_size=8, max_size=24),
    errors=st.lists(st.sampled_from([-1.0, 0.0, 1.0]), min_size=24, max_size=24),
    likeness=likenesses,
    most=st.integers(1, 4) | st.none(),
    told=lines,
)
def test_the_segments_that_count_are_enough_whatever_the_errors(
    steps: list[int],
    errors: list[float],
    likeness: list[float],
    most: int | None,
    told: list[tuple[int, int]],
) -> None:
    """With exact values of those alone the moments are those of all exact values."""
    error = 0.01
    exact = scored([0.4 + 0.01 * step for step in steps], likeness)
    off = exact.similarity + error * np.array(errors[: len(steps)], np.float32)
    cues = [(float(start), float(start + length)) for start, length in told]
    counting = replace(exact, similarity=off).may_count(most, told=cues, error=error * 1.001)
    some: NDArray[np.float32] = np.full(len(steps), -np.inf, np.float32)
    some[list(counting)] = exact.similarity[list(counting)]
    assert replace(exact, similarity=some).runs(most, told=cues) == exact.runs(most, told=cues)
