"""scripts/bench/_mixture_numbers.py: how far a mixture's score leads, and rises over its list."""

from __future__ import annotations

import numpy as np
import pytest
from bench._mixture_numbers import mixture_numbers
from numpy.typing import NDArray

from mediaindex.search.channels.similarity import unit

SCORE = np.array([50.0, 48.0, 41.0, 30.0, 20.0], np.float32)
ALL_DIFFERENT = np.eye(5, dtype=np.float32)


def test_the_lead_is_over_the_best_of_another_video_and_the_rise_over_the_median() -> None:
    found = mixture_numbers(SCORE, np.array([1, 1, 2, 3, 4]), ALL_DIFFERENT)
    assert found.shape == (5, 3)
    assert found[:3].tolist() == [[50.0, 9.0, 9.0], [48.0, 7.0, 7.0], [41.0, -9.0, 0.0]]


def test_what_looks_the_same_is_no_rival() -> None:
    rows = [[1, 0, 0, 0], [1, 0.2, 0, 0], [0, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1]]
    means = unit(np.array(rows, np.float32))
    assert mixture_numbers(SCORE, np.arange(5), means)[0].tolist() == [50.0, 9.0, 9.0]


@pytest.mark.parametrize(
    ("video", "means"),
    [([1, 1, 1, 1, 1], ALL_DIFFERENT), ([1, 2, 3, 4, 5], np.ones((5, 1), np.float32))],
)
def test_without_a_rival_it_leads_over_the_least(video: list[int], means: NDArray[np.float32]) -> None:
    leads = mixture_numbers(SCORE, np.array(video), means)[:, 1]
    assert leads.tolist() == [30.0, 28.0, 21.0, 10.0, 0.0]
