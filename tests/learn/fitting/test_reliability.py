"""How well probabilities hold: exact on small tables."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from mediaindex.learn.fitting.reliability import curve_of, reliability_of
from mediaindex.learn.fitting.samples import Samples


def table(rows: list[tuple[float, bool, bool, bool]]) -> tuple[NDArray[np.float64], Samples]:
    """(probability, right, first, answered) of each moment."""
    made = Samples.of(
        [([0.0], right, place, first, answered) for place, (_p, right, first, answered) in enumerate(rows)]
    )
    return np.array([row[0] for row in rows]), made


def test_first_moments_alone_count() -> None:
    report = reliability_of(
        *table([(0.75, True, True, True), (0.25, False, True, False), (1.0, False, False, True)])
    )
    assert report["questions"] == 2
    assert (report["right"], report["brier"]) == (0.5, pytest.approx(0.0625))
    assert report["skill"] == pytest.approx(1 - 0.0625 / 0.25)
    assert report["ece"] == pytest.approx(0.25)
    assert (report["confident"], report["confident_with_answer"], report["confident_without_answer"]) == (
        0.5, 1.0, 0.0,
    )  # fmt: skip
    assert report["right_if_confident"] == 1.0


def test_what_is_always_right_has_no_skill_and_no_division_by_zero() -> None:
    report = reliability_of(*table([(0.1, True, True, True)]))
    assert (report["skill"], report["right_if_confident"], report["confident_without_answer"]) == (
        0.0,
        0.0,
        0.0,
    )
    json.dumps(report, allow_nan=False)


@given(st.lists(st.tuples(st.floats(0, 1), st.booleans()), min_size=1, max_size=60))
def test_the_diagram_has_every_moment_once(rows: list[tuple[float, bool]]) -> None:
    sure, right = (np.array(column) for column in zip(*rows, strict=True))
    curve = curve_of(sure, right)
    assert sum(point["count"] for point in curve) == len(rows)
    assert sum(point["count"] * point["right"] for point in curve) == pytest.approx(right.sum())
    assert sum(point["count"] * point["probability"] for point in curve) == pytest.approx(sure.sum())
