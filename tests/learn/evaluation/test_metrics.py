"""Metrics against brute force, ties, and what the published code gives where it is right."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from mediaindex.learn.evaluation.metrics import (
    Ties,
    average_precision,
    best_of_group,
    calibration_error,
    items_before,
    paired_bootstrap,
    ranks,
    retrieval,
    temporal_iou,
)
from tests.support.golden import FIXTURES, Golden

# Names that no test here looks up, and why.
EXPLAINED = {
    # groups cut one caption too late: each video is asked for by a caption of the next
    "metrics": {"multi_bug.t2v", "multi_bug.v2t"},
}
few_values = st.sampled_from([-1.0, 0.0, 0.25, 0.5, np.nan])


@cache
def golden(name: str) -> Golden:
    return Golden(FIXTURES / f"{name}.npz")


def assert_metrics(name: str, found: np.ndarray, *, lower: bool = False) -> None:
    """Ranks give the stored R@K, MdR and MnR."""
    summary = retrieval(found, median="lower" if lower else "middle")
    values = [*summary.recall.values(), summary.median_rank, summary.mean_rank]
    assert list(golden("metrics")["keys"]) == ["R1", "R5", "R10", "R50", "MR", "MeanR"]
    np.testing.assert_allclose(values, golden("metrics")[name], atol=1e-5)


def test_one_caption_a_video() -> None:
    held = golden("metrics")
    found = ranks(held["sq.sim"], np.arange(120))
    assert np.array_equal(found, held["sq.ranks0"])
    assert_metrics("sq.t2v", found)
    assert_metrics("sq.v2t", ranks(held["sq.sim"].T, np.arange(120)))


def test_several_captions_a_video() -> None:
    held = golden("metrics")
    found = ranks(held["multi.t2v_sim"], held["multi.group"])
    assert_metrics("multi.t2v", found, lower=True)
    assert found.std() == pytest.approx(float(held["multi.t2v_std"]))
    videos = best_of_group(held["multi.v2t_sim"], held["multi.group"])
    found = ranks(videos, np.arange(23))
    assert np.array_equal(found, held["multi.v2t_ranks0"])
    assert_metrics("multi.v2t", found)


def test_ties_where_the_published_code_counts_every_place() -> None:
    """It appends each place of a tie as a rank of its own, 1021 for 120 queries; ours have one each."""
    held = golden("metrics")
    first, last = (ranks(held["tie.sim"], np.arange(120), ties=ties) for ties in ("for", "against"))
    places = np.concatenate([np.arange(a, b + 1) for a, b in zip(first, last, strict=True)])
    assert places.size == int(held["tie.n_rank_entries"])
    assert np.array_equal(np.sort(places), np.sort(held["tie.ranks0"]))
    assert_metrics("tie.metrics", places)
    middle = ranks(held["tie.sim"], np.arange(120), ties="mean")
    np.testing.assert_allclose(middle, (first + last) / 2)


def test_every_array_was_compared_or_is_explained(request: pytest.FixtureRequest) -> None:
    ran = [item for item in request.session.items if item.path == request.path]
    if len(ran) < 8:
        pytest.skip("the record is whole only when the whole module ran")
    for name, names in EXPLAINED.items():
        assert golden(name).unvisited() == names


@given(
    scores=arrays(np.float64, st.tuples(st.integers(1, 5), st.integers(1, 6)), elements=few_values),
    data=st.data(),
    ties=st.sampled_from(["against", "mean", "for"]),
)
def test_ranks_against_counting(scores: np.ndarray, data: st.DataObject, ties: Ties) -> None:
    right = np.array([data.draw(st.integers(0, scores.shape[1] - 1)) for _ in scores])
    found = ranks(scores, right, ties=ties)
    for row, column, rank in zip(scores, right, found, strict=True):
        others = [value for place, value in enumerate(row) if place != column]
        before = sum(not value <= row[column] for value in others)
        equal = sum(value == row[column] for value in others)
        assert rank == before + {"against": 1.0, "mean": 0.5, "for": 0.0}[ties] * equal


def test_a_constant_score_finds_nothing() -> None:
    found = retrieval(ranks(np.ones((10, 10)), np.arange(10)))
    assert found.recall == {1: 0.0, 5: 0.0, 10: 100.0, 50: 100.0}
    assert (found.median_rank, found.mean_rank) == (10.0, 10.0)
    assert found.reciprocal_rank == pytest.approx(0.1)


@given(st.lists(st.integers(0, 60), min_size=1))
def test_summaries_against_counting(found: list[int]) -> None:
    summary = retrieval(found, median="lower")
    assert summary.queries == len(found)
    for depth, share in summary.recall.items():
        assert share == pytest.approx(100 * sum(rank < depth for rank in found) / len(found))
    assert summary.median_rank - 1 == sorted(found)[(len(found) - 1) // 2]
    assert summary.reciprocal_rank == pytest.approx(sum(1 / (rank + 1) for rank in found) / len(found))


def test_groups_in_any_order() -> None:
    scores = np.array([[0.1, 0.9, 0.3, 0.2]])
    assert best_of_group(scores, [1, 0, 1, 0]).tolist() == [[0.9, 0.3]]


def test_precision_against_counting() -> None:
    assert average_precision([0.9, 0.8, 0.7, 0.1], [True, False, True, False]) == pytest.approx(
        (1 + 2 / 3) / 2
    )
    assert average_precision([0.5, 0.5], [True, False]) == pytest.approx(0.5), "a tie counts against"
    assert average_precision([0.5, 0.5], [False, False]) == 0.0


def test_overlap_in_time() -> None:
    assert temporal_iou((0.0, 4.0), (2.0, 6.0)) == pytest.approx(2 / 6)
    assert temporal_iou((0.0, 1.0), (2.0, 3.0)) == 0.0
    assert temporal_iou((1.0, 1.0), (1.0, 1.0)) == 0.0
    assert temporal_iou((1.0, 3.0), (1.0, 3.0)) == 1.0


def test_calibration_in_closed_form() -> None:
    assert calibration_error([0.8] * 10, [True] * 8 + [False] * 2) == pytest.approx(0.0)
    assert calibration_error([0.9] * 10, [True] * 4 + [False] * 6) == pytest.approx(0.5)
    assert calibration_error([1.0, 0.0], [True, False]) == 0.0


def test_an_interval_of_paired_differences() -> None:
    random = np.random.default_rng(0)
    group = np.repeat(np.arange(400), 3)
    differences = 0.2 + random.normal(size=400)[group]
    found = paired_bootstrap(differences, group, seed=1)
    assert found.value == pytest.approx(differences.mean())
    assert found.low < found.value < found.high
    # three queries of one picture are one draw: the deviation of the mean is that of 400, not of 1200
    assert found.high - found.low == pytest.approx(2 * 1.96 / 20, rel=0.15)
    assert found == paired_bootstrap(differences, group, seed=1)
    same = paired_bootstrap(np.full(6, 0.5), [5, 5, 9, 9, 9, 2], seed=0)
    assert (same.low, same.value, same.high) == (0.5, 0.5, 0.5)


@given(arrays(np.float64, (4, 6), elements=few_values), st.integers(0, 10**6), st.integers(1, 8))
def test_what_stands_before_the_right_items_is_what_their_ranks_count(
    scores: np.ndarray, seed: int, most: int
) -> None:
    right = np.random.default_rng(seed).integers(0, 6, 4)
    before = items_before(scores, right, most=most)
    assert before.shape == (4, most)
    for row, own in enumerate(right):
        found = before[row][before[row] >= 0].tolist()
        assert len(found) == min(most, ranks(scores, right)[row])
        assert own not in found
        assert len(set(found)) == len(found)
        values = [np.inf if np.isnan(scores[row, item]) else scores[row, item] for item in found]
        assert values == sorted(values, reverse=True), "the best first"
        assert (before[row][len(found) :] == -1).all()


def test_what_cannot_be_measured_is_refused() -> None:
    with pytest.raises(ValueError, match="do not agree"):
        ranks(np.zeros((2, 3)), [0])
    with pytest.raises(ValueError, match="outside the gallery"):
        ranks(np.zeros((2, 3)), [0, 3])
    with pytest.raises(ValueError, match="no query"):
        retrieval([])
    with pytest.raises(ValueError, match="group 1 has no member"):
        best_of_group(np.zeros((1, 2)), [0, 2])
    with pytest.raises(ValueError, match="groups for"):
        best_of_group(np.zeros((1, 2)), [0])
    with pytest.raises(ValueError, match="outcomes"):
        calibration_error([], [])
    with pytest.raises(ValueError, match="groups"):
        paired_bootstrap([], [], seed=0)
