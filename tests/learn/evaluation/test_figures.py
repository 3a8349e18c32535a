"""Figures with intervals, and paired differences."""

from __future__ import annotations

import numpy as np
import pytest

from mediaindex.learn.evaluation.benchmark_rankings import RankedQueries
from mediaindex.learn.evaluation.figures import difference_of, figures_of, rounded
from mediaindex.learn.evaluation.metrics import median_bootstrap
from mediaindex.learn.evaluation.retrieval_trial import Direction


def ranked(places: list[int], *, several: bool = False, direction: Direction = "t2v") -> RankedQueries:
    ranks = np.array(places, np.float64)
    videos = np.arange(len(ranks)) // (2 if several else 1)
    return RankedQueries(direction, "any", ranks, 1 / (1 + ranks), videos, 100, several)


def test_the_figures_of_known_ranks() -> None:
    found = figures_of(ranked([0, 0, 4, 60]))
    assert list(found) == ["R@1", "R@5", "R@10", "R@50", "MdR", "MnR", "mAP"]
    values = {name: figure.value for name, figure in found.items()}
    assert values == {
        "R@1": 50.0, "R@5": 75.0, "R@10": 75.0, "R@50": 75.0, "MdR": 3.0, "MnR": 17.0,
        "mAP": pytest.approx(100 * (2 + 1 / 5 + 1 / 61) / 4),
    }  # fmt: skip
    assert all(figure.low <= figure.value <= figure.high for figure in found.values())


def test_the_median_is_the_lower_one_for_several_captions_text_to_video_alone() -> None:
    assert figures_of(ranked([0, 0, 4, 60], several=True))["MdR"].value == 1.0
    assert figures_of(ranked([0, 0, 4, 60], several=True, direction="v2t"))["MdR"].value == 3.0


def test_the_median_of_a_round_is_that_of_the_groups_that_were_drawn() -> None:
    ranks, group = np.array([5.0, 1.0, 9.0, 0.0, 3.0]), np.array([0, 0, 1, 2, 2])
    random, medians = np.random.default_rng(7), []
    for _round in range(50):
        drawn = random.integers(0, 3, size=3)
        medians.append(np.median(np.concatenate([ranks[group == one] for one in drawn])) + 1)
    low, high = np.quantile(medians, [0.025, 0.975])
    found = median_bootstrap(ranks, group, seed=7, rounds=50)
    assert (found.value, found.low, found.high) == pytest.approx((4.0, low, high))
    with pytest.raises(ValueError, match="ranks in"):
        median_bootstrap([], [], seed=0)


@pytest.mark.parametrize(
    ("one", "other", "verdict"),
    [([0] * 30, [3] * 30, "better"), ([3] * 30, [0] * 30, "worse"), ([0, 3] * 15, [3, 0] * 15, "undecided")],
)
def test_a_verdict_needs_an_interval_on_one_side(one: list[int], other: list[int], verdict: str) -> None:
    found = difference_of(ranked(one), ranked(other))
    assert found.verdict == verdict
    assert rounded(found.metrics)["R@1"]["value"] == 100.0 * (
        np.mean(np.equal(one, 0)) - np.mean(np.equal(other, 0))
    )


def test_other_queries_cannot_be_compared() -> None:
    with pytest.raises(ValueError, match="other queries"):
        difference_of(ranked([0, 1]), ranked([0, 1], several=True))
