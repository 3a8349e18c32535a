"""Similarity: the best frames of a segment, blended with the mean frame of the 30 s around it."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray

from mediaindex.search.channels.similarity import similarities, unit, windows

EAST = np.array([1.0, 0.0], np.float32)
component = st.floats(-10, 10, width=32)


def towards_east(*cosines: float) -> NDArray[np.float32]:
    """Unit frames with these cosines to EAST."""
    east = np.array(cosines, np.float32)
    return np.stack([east, np.sqrt(1 - east**2)], axis=1)


def test_the_best_frames_of_a_segment_are_its_three_most_similar() -> None:
    frames = towards_east(0.1, 0.9, 0.5, 0.7, 0.2, 0.3)
    bounds = np.array([[0.0, 5.0], [5.0, 6.0]])
    values = similarities(frames, np.arange(6.0), EAST, bounds, [0, 5], blend=1.0)
    assert values == pytest.approx([(0.9 + 0.7 + 0.5) / 3, 0.3], abs=1e-6)


def test_the_mean_is_that_of_the_frames_around() -> None:
    frames = towards_east(1.0, 1.0, 0.0, 0.0)
    bounds = np.array([[0.0, 10.0], [10.0, 18.0], [18.0, 110.0], [110.0, 120.0]])
    seconds = np.array([5.0, 15.0, 20.0, 115.0])
    values = similarities(frames, seconds, EAST, bounds, [0, 1, 2, 3], blend=0.0)
    both = 2 / np.sqrt(5)  # two frames to the east and one to the north within 30 s
    assert values == pytest.approx([both, both, 0.0, 0.0], abs=1e-6)


@given(st.floats(0, 1))
def test_the_blend_weighs_the_best_frames_against_the_mean(blend: float) -> None:
    frames = towards_east(1.0, 0.6)
    bounds = np.array([[0.0, 2.0], [2.0, 4.0]])

    def of(weight: float) -> NDArray[np.float32]:
        return similarities(frames, np.array([0.0, 2.0]), EAST, bounds, [0, 1], blend=weight)

    np.testing.assert_allclose(of(blend), blend * of(1.0) + (1 - blend) * of(0.0), atol=1e-6)


@given(
    cuts=st.lists(st.floats(0.1, 300), min_size=2, max_size=10, unique=True).map(sorted),
)
def test_a_window_holds_its_segment_and_thirty_seconds(cuts: list[float]) -> None:
    bounds = np.array(list(pairwise([0.0, *cuts])))
    found = windows(bounds, cuts[-1])
    assert (found[:, 0] <= bounds[:, 0]).all()
    assert (found[:, 1] >= bounds[:, 1]).all()
    assert (found[:, 1] - found[:, 0] >= 30.0 - 1e-9).all()
    assert (found[:, 0] >= 0.0).all()


def test_windows_at_the_ends_are_moved_inside() -> None:
    bounds = np.array([[0.0, 2.0], [49.0, 51.0], [98.0, 100.0]])
    assert windows(bounds, 100.0).tolist() == [[0.0, 30.0], [35.0, 65.0], [70.0, 100.0]]


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
