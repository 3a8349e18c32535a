"""Similarity: the best frames of a segment, blended with the mean frame of the 30 s around it."""

from __future__ import annotations

import numpy as np
import pytest
from bench._plain_scores import similarities
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray

from mediaindex.search.channels.similarity import (
    HALF_PRECISION,
    SegmentScorer,
    best_frames,
    exact_similarities,
    unit,
)
from mediaindex.store.catalog.lookup import SegmentRow
from mediaindex.store.mapped.snapshot import SpaceSnapshot
from tests.support.drawn_films import DrawnSegment, Film, films, made_films, query_of, space_of

EAST = np.array([1.0, 0.0], np.float32)
component = st.floats(-10, 10, width=32)


def film(*segments: tuple[float, float, list[float]]) -> Film:
    """A film of (start, end, cosines of its frames to EAST); its frames are spread evenly."""
    rows: list[SegmentRow] = []
    cosines: list[float] = []
    for number, (start, end, own) in enumerate(segments):
        step = (end - start) / len(own)
        times = tuple(start + step / 2 + step * n for n in range(len(own)))
        rows.append(SegmentRow(number, start, end, len(cosines), times))
        cosines += own
    east = np.array(cosines)
    return Film(1, tuple(rows), np.stack([east, np.sqrt(1 - east**2)], axis=1).astype(np.float16))


def of_east(made: Film, *, blend: float) -> NDArray[np.float32]:
    space = space_of([made])
    return SegmentScorer.of(space.segments).similarities(space.cosines(EAST), blend=blend)


def plain(made: list[Film], query: NDArray[np.float32], blend: float) -> NDArray[np.float32]:
    return np.concatenate([similarities(one.plain, query, blend=blend) for one in made])


def test_the_best_frames_of_a_segment_are_its_three_most_similar() -> None:
    made = film((0.0, 5.0, [0.1, 0.9, 0.5, 0.7, 0.2]), (5.0, 6.0, [0.3]), (6.0, 8.0, [0.8, 0.4]))
    assert of_east(made, blend=1.0) == pytest.approx([(0.9 + 0.7 + 0.5) / 3, 0.3, 0.6], abs=1e-3)


def test_the_mean_is_that_of_the_frames_around() -> None:
    made = film((0.0, 10.0, [1.0]), (10.0, 18.0, [1.0]), (18.0, 110.0, [0.0, 0.0]), (110.0, 120.0, [0.0]))
    both = 2 / np.sqrt(5)  # at 5 s and 14 s to the east and at 41 s to the north
    found = of_east(made, blend=0.0)
    assert found == pytest.approx([1.0, 1.0, 0.0, 0.0], abs=1e-3)
    near = film((0.0, 10.0, [1.0]), (10.0, 18.0, [1.0]), (18.0, 22.0, [0.0]), (22.0, 120.0, [0.0]))
    assert of_east(near, blend=0.0) == pytest.approx([both, both, both, 0.0], abs=1e-3)


@settings(deadline=None)
@given(st.floats(0, 1))
def test_the_blend_weighs_the_best_frames_against_the_mean(blend: float) -> None:
    made = film((0.0, 2.0, [1.0]), (2.0, 4.0, [0.6]))
    mixed = blend * of_east(made, blend=1.0) + (1 - blend) * of_east(made, blend=0.0)
    np.testing.assert_allclose(of_east(made, blend=blend), mixed, atol=1e-6)


@settings(deadline=None)
@given(made=films(), seed=st.integers(0, 2**32 - 1), blend=st.sampled_from([0.0, 0.5, 0.8, 1.0]))
def test_single_precision_gives_what_the_plain_formula_gives(
    made: list[Film], seed: int, blend: float
) -> None:
    query, space = query_of(seed), space_of(made)
    found = exact_similarities(space, np.arange(len(space)), query, blend=blend)
    np.testing.assert_allclose(found, plain(made, query, blend), atol=1e-5)
    some = np.random.default_rng(seed).permutation(len(space))[: 1 + len(space) // 2]
    np.testing.assert_allclose(exact_similarities(space, some, query, blend=blend), found[some], atol=1e-6)


@pytest.fixture(scope="module")
def torch_is_loaded() -> None:
    """From here on the cosines are torch's."""
    import torch

    assert torch.get_num_threads() >= 1


@pytest.mark.usefixtures("torch_is_loaded")
@settings(deadline=None)
@given(made=films(), seed=st.integers(0, 2**32 - 1), blend=st.sampled_from([0.0, 0.5, 1.0]))
def test_half_precision_is_as_near_as_it_says(made: list[Film], seed: int, blend: float) -> None:
    query, space = query_of(seed), space_of(made)
    found = SegmentScorer.of(space.segments).similarities(space.cosines(query), blend=blend)
    np.testing.assert_allclose(found, plain(made, query, blend), atol=HALF_PRECISION)


@settings(deadline=None)
@given(made=films(), behind=films(2, first=101), seed=st.integers(0, 2**32 - 1))
def test_films_in_two_parts_are_scored_as_one(made: list[Film], behind: list[Film], seed: int) -> None:
    query, whole, parted = query_of(seed), space_of([*made, *behind]), space_of(made, behind)
    places = np.arange(len(whole))
    np.testing.assert_allclose(
        exact_similarities(parted, places, query, blend=0.5),
        exact_similarities(whole, places, query, blend=0.5),
        atol=1e-6,
    )
    assert best_frames(parted, range(len(whole)), query) == best_frames(whole, range(len(whole)), query)


@settings(deadline=None)
@given(made=films(3), seed=st.integers(0, 2**32 - 1))
def test_the_best_frame_of_a_segment_is_its_most_similar(made: list[Film], seed: int) -> None:
    query, space = query_of(seed), space_of(made)
    expected = [
        row.first_frame
        + int(np.argmax(one.plain.frames[row.first_frame : row.first_frame + len(row.frames)] @ query))
        for one in made
        for row in one.segments
    ]
    assert best_frames(space, range(len(space)), query) == expected


def test_no_segments_have_no_similarities() -> None:
    space: SpaceSnapshot = space_of(made_films([[DrawnSegment(2, 1.0, 0.0, False)]], 0))
    assert best_frames(space, [], query_of(0)) == []
    assert len(SegmentScorer.of(space.segments[:0]).similarities(np.empty(0, np.float32), blend=0.5)) == 0


@given(arrays(np.float32, (4, 3), elements=component))
def test_unit_rows_have_length_one_and_keep_their_direction(rows: NDArray[np.float32]) -> None:
    scaled = unit(rows)
    lengths = np.linalg.norm(rows.astype(np.float64), axis=1)
    own = lengths > 1e-6
    np.testing.assert_allclose(np.linalg.norm(scaled[own], axis=1), 1.0, atol=1e-5)
    np.testing.assert_allclose(scaled[own] * lengths[own, None], rows[own], atol=1e-4)
    assert scaled.dtype == np.float32


def test_a_row_of_zeros_stays() -> None:
    assert unit(np.zeros((2, 3), np.float64)).tolist() == [[0.0] * 3] * 2
    assert unit(np.array([3.0, 4.0])).tolist() == pytest.approx([0.6, 0.8])
