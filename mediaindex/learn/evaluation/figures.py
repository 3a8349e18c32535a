"""Ranked queries → figures with 95 % intervals over videos, and paired differences between two rankings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np

from mediaindex.learn.evaluation.benchmark_rankings import Numbers, RankedQueries
from mediaindex.learn.evaluation.metrics import DEPTHS, Interval, median_bootstrap, paired_bootstrap

Verdict = Literal["better", "worse", "undecided"]
ROUNDS = 2000


@dataclass(frozen=True, slots=True)
class PairedDifference:
    """One ranking less another, query by query: R@K and mAP in points, MnR in ranks.

    Attributes:
        verdict: by mAP: better or worse where its interval lies on one side of zero.
    """

    metrics: Mapping[str, Interval]
    verdict: Verdict


def figures_of(ranked: RankedQueries) -> dict[str, Interval]:
    """R@1, R@5, R@10, R@50 and mAP in percent, MdR and MnR counted from 1.

    Whole videos are drawn with replacement, so that the captions of one video do not count as independent.
    """
    per_query = _per_query(ranked)
    figures = {
        name: paired_bootstrap(values, ranked.videos, seed=0, rounds=ROUNDS)
        for name, values in per_query.items()
    }
    # As published: of both middle ranks the lower one, for several captions a video, text → video alone.
    median: Literal["lower", "middle"] = "lower" if ranked.several and ranked.direction == "t2v" else "middle"
    middle = median_bootstrap(ranked.ranks, ranked.videos, seed=0, rounds=ROUNDS, median=median)
    return {**{f"R@{depth}": figures[f"R@{depth}"] for depth in DEPTHS}, "MdR": middle, **figures}


def difference_of(ranked: RankedQueries, against: RankedQueries) -> PairedDifference:
    """The one less the other.

    Raises:
        ValueError: they answer other queries.
    """
    if not np.array_equal(ranked.videos, against.videos):
        raise ValueError("the rankings answer other queries")
    one, other = _per_query(ranked), _per_query(against)
    metrics = {
        name: paired_bootstrap(one[name] - other[name], ranked.videos, seed=0, rounds=ROUNDS) for name in one
    }
    precision = metrics["mAP"]
    verdict: Verdict = "better" if precision.low > 0 else "worse" if precision.high < 0 else "undecided"
    return PairedDifference(metrics, verdict)


def rounded(metrics: Mapping[str, Interval]) -> dict[str, dict[str, float]]:
    """Figures for JSON, to a hundredth."""
    return {
        name: {
            "value": round(interval.value, 2),
            "low": round(interval.low, 2),
            "high": round(interval.high, 2),
        }
        for name, interval in metrics.items()
    }


def _per_query(ranked: RankedQueries) -> dict[str, Numbers]:
    recalls = {f"R@{depth}": np.where(ranked.ranks < depth, 100.0, 0.0) for depth in DEPTHS}
    return {**recalls, "MnR": ranked.ranks + 1.0, "mAP": 100.0 * ranked.precisions}
