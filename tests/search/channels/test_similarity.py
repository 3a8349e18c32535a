"""Similarities of few segments in single precision are those of the plain formula; so are best frames."""

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
    best_frames,
    exact_similarities,
    unit,
)
from mediaindex.store.mapped.scores import SegmentScorer
from mediaindex.store.mapped.snapshot import SpaceSnapshot
from tests.support.drawn_films import DrawnSegment, Film, films, made_films, query_of, space_of

component = st.floats(-10, 10, width=32)


def plain(made: list[Film], query: NDArray[np.float32], blend: float) -> NDArray[np.float32]:
    return np.concatenate([similarities(one.plain, query, blend=blend) for one in made])


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
