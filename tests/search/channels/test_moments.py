"""Moments: which neighbouring segments become one, and what a run tells of itself."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from mediaindex.search.channels.moments import (
    Moment,
    ScoredSegment,
    moments_of,
    scored_segments,
    within_each_video,
)
from mediaindex.search.channels.similarity import unit
from mediaindex.store.catalog.lookup import IndexedVideo, SegmentRow

EAST, NORTH = np.eye(2, dtype=np.float32)
NORTHEAST = unit(EAST + NORTH)


def video(*parts: tuple[float, float]) -> IndexedVideo:
    """A video of these segments, each with a frame at its start and one a quarter in."""
    rows = tuple(
        SegmentRow(100 + n, start, end, 2 * n, (start, start + (end - start) / 4))
        for n, (start, end) in enumerate(parts)
    )
    return IndexedVideo(7, 1, 2 * len(parts), "a.mif", parts[-1][1], rows)


def scored(
    film: IndexedVideo, similarities: Sequence[float], means: Sequence[NDArray[np.float32]] | None = None
) -> list[ScoredSegment]:
    means = means or [EAST] * len(similarities)
    return [
        ScoredSegment(row, similarity, 1, mean)
        for row, similarity, mean in zip(film.segments, similarities, means, strict=True)
    ]


def spans(moments: Sequence[Moment]) -> list[tuple[float, float]]:
    return [(moment.start_seconds, moment.end_seconds) for moment in moments]


def test_a_segment_is_a_moment() -> None:
    film = video((0.0, 4.0))
    assert moments_of(film, scored(film, [0.5])) == [Moment(7, 100, 0.0, 4.0, 1.0, 1, 0.5)]


def test_neighbours_that_answer_and_look_alike_are_one() -> None:
    film = video((0.0, 4.0), (4.0, 8.0), (8.0, 12.0))
    (moment,) = moments_of(film, scored(film, [0.48, 0.5, 0.46]))
    assert (moment.start_seconds, moment.end_seconds) == (0.0, 12.0)
    assert (moment.segment_id, moment.best_seconds, moment.best_frame, moment.similarity) == (
        101,
        5.0,
        3,
        0.5,
    )


def test_a_neighbour_that_does_not_answer_ends_the_moment() -> None:
    film = video((0.0, 4.0), (4.0, 8.0), (8.0, 12.0))
    moments = moments_of(film, scored(film, [0.44, 0.5, 0.46]))
    assert spans(moments) == [(4.0, 12.0), (0.0, 4.0)]
    assert [moment.similarity for moment in moments] == [0.5, 0.44]


def test_a_neighbour_that_looks_different_ends_the_moment() -> None:
    film = video((0.0, 4.0), (4.0, 8.0), (8.0, 12.0))
    moments = moments_of(film, scored(film, [0.5, 0.49, 0.48], [EAST, NORTHEAST, NORTHEAST]))
    assert spans(moments) == [(0.0, 4.0), (4.0, 12.0)]


def test_a_hole_ends_the_moment() -> None:
    film = video((0.0, 4.0), (4.2, 8.0))
    assert spans(moments_of(film, scored(film, [0.5, 0.5]))) == [(0.0, 4.0), (4.2, 8.0)]


def test_where_nothing_answers_the_least_bad_comes_first() -> None:
    film = video((0.0, 4.0), (4.0, 8.0))
    assert spans(moments_of(film, scored(film, [-0.5, -0.2]))) == [(4.0, 8.0), (0.0, 4.0)]


similarity = st.floats(-1, 1, width=32)


@given(
    values=st.lists(similarity, min_size=1, max_size=12),
    turned=st.lists(st.booleans(), min_size=12, max_size=12),
)
def test_moments_part_the_film(values: list[float], turned: list[bool]) -> None:
    """Every segment lies in exactly one moment, best first, and a moment's best is its own."""
    film = video(*((4.0 * n, 4.0 * n + 4.0) for n in range(len(values))))
    means = [NORTH if turn else EAST for turn in turned[: len(values)]]
    moments = moments_of(film, scored(film, values, means))
    ordered = sorted(spans(moments))
    assert ordered[0][0] == 0.0
    assert ordered[-1][1] == film.duration_seconds
    assert all(left[1] == right[0] for left, right in itertools.pairwise(ordered))
    assert [m.similarity for m in moments] == sorted((m.similarity or 0.0 for m in moments), reverse=True)
    assert all(m.start_seconds <= m.best_seconds <= m.end_seconds for m in moments)


def test_segments_are_scored_by_their_own_best_frame() -> None:
    film = video((0.0, 4.0), (4.0, 8.0))
    frames = np.stack([NORTH, NORTH, NORTHEAST, EAST])
    first, second = scored_segments(film, frames, EAST, 1.0)
    assert (first.row.id, second.row.id, second.best_offset) == (100, 101, 1)
    assert second.similarity > first.similarity
    assert second.similarity == pytest.approx((1.0 + np.sqrt(0.5)) / 2)
    assert np.linalg.norm(second.mean) == pytest.approx(1.0)


@given(videos=st.lists(st.integers(1, 3), max_size=12), per_video=st.integers(1, 3) | st.none())
def test_the_first_of_each_video_are_kept_in_their_order(videos: list[int], per_video: int | None) -> None:
    items = list(enumerate(videos))
    kept = list(within_each_video(items, lambda item: item[1], per_video))
    assert kept == sorted(kept)
    for video_id in set(videos):
        own = [item for item in items if item[1] == video_id]
        assert [item for item in kept if item[1] == video_id] == own[:per_video]
