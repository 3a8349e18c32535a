"""A query moves towards what was marked as right, away from what is wrong."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from mediaindex.search.channels.feedback import RIGHT_WEIGHT, WRONG_WEIGHT, moved_query
from mediaindex.search.channels.similarity import unit


def directions(count: int, *, seed: int, width: int = 8) -> NDArray[np.float32]:
    return unit(np.random.default_rng(seed).normal(size=(count, width)))


def test_a_query_without_marks_stays() -> None:
    query = directions(1, seed=0)[0]
    np.testing.assert_allclose(moved_query(query), query, atol=1e-6)
    np.testing.assert_allclose(moved_query(query, right=np.empty((0, 8)), wrong=[]), query, atol=1e-6)


def test_the_formula_is_rocchios() -> None:
    query, right, wrong = np.eye(3)
    moved = moved_query(query, right=[right], wrong=[wrong], right_weight=2.0, wrong_weight=0.5)
    np.testing.assert_allclose(moved, np.array([1.0, 2.0, -0.5]) / np.sqrt(5.25), atol=1e-6)
    assert moved.dtype == np.float32


@given(st.integers(0, 2**32), st.integers(1, 4), st.integers(1, 4))
def test_marks_draw_and_push(seed: int, right_count: int, wrong_count: int) -> None:
    query, *marks = directions(1 + right_count + wrong_count, seed=seed)
    right, wrong = np.array(marks[:right_count]), np.array(marks[right_count:])
    drawn, pushed = moved_query(query, right=right), moved_query(query, wrong=wrong)
    assert drawn @ right.mean(0) >= query @ right.mean(0) - 1e-5
    assert pushed @ wrong.mean(0) <= query @ wrong.mean(0) + 1e-5
    both = moved_query(query, right=right, wrong=wrong)
    assert np.linalg.norm(both) == pytest.approx(1.0, abs=1e-5)
    np.testing.assert_allclose(both, moved_query(query, right=right[::-1], wrong=wrong[::-1]), atol=1e-5)
    expected = query + RIGHT_WEIGHT * right.mean(0) - WRONG_WEIGHT * wrong.mean(0)
    np.testing.assert_allclose(both * np.linalg.norm(expected), expected, atol=1e-4)


def test_what_is_wrong_may_be_all_that_was_asked_for() -> None:
    query = directions(1, seed=1)[0]
    moved = moved_query(query, wrong=[query], wrong_weight=1.0)
    np.testing.assert_allclose(moved, query, atol=1e-6)


def test_a_mark_makes_its_kind_come_first() -> None:
    kind, other = np.eye(4)[:2]
    gallery = unit(np.array([kind + 0.2, other + 0.2, kind - 0.1, other - 0.1]))
    moved = moved_query(unit(kind + 1.2 * other), right=gallery[:1], wrong=gallery[1:2])
    assert gallery[2] @ moved > gallery[3] @ moved


@pytest.mark.parametrize(
    ("bad", "named"),
    [
        ({"query": np.eye(3)}, "one vector"),
        ({"right": np.eye(4)}, "right marks"),
        ({"wrong": np.ones(3)}, "wrong marks"),
        ({"query": [np.nan, 0.0, 1.0]}, "finite"),
        ({"right": [[np.inf, 0.0, 0.0]]}, "finite"),
        ({"right_weight": -1.0}, "right"),
        ({"wrong_weight": np.nan}, "wrong"),
        ({"wrong_weight": np.inf}, "wrong"),
    ],
)
def test_what_is_no_query_and_no_mark_is_refused(bad: dict[str, object], named: str) -> None:
    with pytest.raises(ValueError, match=named):
        moved_query(**{"query": np.eye(3)[0], **bad})
