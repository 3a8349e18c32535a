"""Similarity: the best frames of a segment, blended with the mean frame of the 30 s around it."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from mediaindex.store.catalog.lookup import SegmentRow
from mediaindex.store.mapped.scores import SegmentScorer
from mediaindex.store.mapped.segments import no_segments
from tests.support.drawn_films import Film, films, query_of, space_of

EAST = np.array([1.0, 0.0], np.float32)


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


@given(made=films(), seeds=st.lists(st.integers(0, 2**32 - 1), min_size=1, max_size=4), blend=st.floats(0, 1))
def test_several_queries_are_scored_as_each_alone(made: list[Film], seeds: list[int], blend: float) -> None:
    space = space_of(made)
    cosines = np.stack([space.cosines(query_of(seed)) for seed in seeds])
    scorer = SegmentScorer.of(space.segments)
    alone = [scorer.similarities(row, blend=blend) for row in cosines]
    np.testing.assert_array_equal(scorer.similarities(cosines, blend=blend), np.stack(alone))


def test_no_segments_have_no_similarities() -> None:
    scorer = SegmentScorer.of(no_segments())
    assert scorer.similarities(np.empty(0, np.float32), blend=0.5).shape == (0,)
    assert scorer.similarities(np.empty((3, 0), np.float32), blend=0.5).shape == (3, 0)
