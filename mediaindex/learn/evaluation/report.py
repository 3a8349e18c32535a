"""A trained ranking beside the cheap ones: figures with intervals, and the gate that follows from them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from dataclasses import asdict, dataclass

import numpy as np
from numpy.typing import NDArray

from mediaindex.learn.evaluation.generator_trial import LEAST_OF_SOURCE
from mediaindex.learn.evaluation.metrics import Interval, paired_bootstrap
from mediaindex.learn.evaluation.retrieval_trial import Direction, Trial
from mediaindex.search.ranking.gate import Gate

DEPTHS = (1, 5, 10)
# Where a left-out source loses more R@1 than this, in points, the gate is off.
TOLERATED_LOSS = -0.5

Ranks = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Row:
    """One ranking of one direction; figures in percent, MRR times 100.

    Attributes:
        ranking: base, blend, corrected, matched or generator. gallery: items that each query ranks.
        metrics: R@1, R@5, R@10 and MRR.
    """

    direction: Direction
    ranking: str
    queries: int
    gallery: int
    metrics: Mapping[str, Interval]


@dataclass(frozen=True, slots=True)
class Difference:
    """One ranking less another, query by query, in points.

    Attributes:
        ranking, against: the one, and the other whose figures are taken off.
        source: of the captions; None for all. left_out: whether nothing of it was trained on.
    """

    direction: Direction
    ranking: str
    against: str
    source: str | None
    left_out: bool
    queries: int
    metrics: Mapping[str, Interval]


@dataclass(frozen=True, slots=True, eq=False)
class DirectionRanks:
    """The ranks of all rankings of one direction.

    Attributes:
        ranks: (Q,) from 0, by the name of the ranking, the cheap ones first.
        candidates: K, items of each list, 0 without a generator.
        recall_at_candidates: share of queries, in percent, whose list has the right item.
    """

    trial: Trial
    ranks: Mapping[str, Ranks]
    candidates: int
    recall_at_candidates: float

    @property
    def best_cheap(self) -> str:
        """The name of the cheap ranking of the highest mean reciprocal rank."""
        cheap = [name for name in self.ranks if name in ("base", "blend", "corrected")]
        return max(cheap, key=lambda name: float(np.mean(1 / (1 + self.ranks[name]))))


def rows_of(direction: DirectionRanks) -> list[Row]:
    """One row for each ranking."""
    trial = direction.trial
    return [
        Row(
            trial.direction,
            name,
            len(trial.right),
            len(trial.rows),
            {
                metric: paired_bootstrap(values, trial.groups, seed=0)
                for metric, values in _figures(ranks).items()
            },
        )
        for name, ranks in direction.ranks.items()
    ]


def differences_of(direction: DirectionRanks, ranking: str, training_sources: Set[str]) -> list[Difference]:
    """The ranking less the best cheap one: over all queries, and over those of each source.

    Args:
        training_sources: the sources of the captions that were trained on.
    """
    trial, against = direction.trial, direction.best_cheap
    figures, cheap_figures = _figures(direction.ranks[ranking]), _figures(direction.ranks[against])
    names, counts = np.unique(trial.sources, return_counts=True)
    shares: list[tuple[str | None, NDArray[np.bool_]]] = [(None, np.ones(len(trial.right), np.bool_))]
    if len(names) > 1:
        shares += [(str(name), trial.sources == name) for name in names[counts >= LEAST_OF_SOURCE]]
    return [
        Difference(
            trial.direction,
            ranking,
            against,
            source,
            source is not None and source not in training_sources,
            int(queries.sum()),
            {
                metric: paired_bootstrap(
                    (figures[metric] - cheap_figures[metric])[queries], trial.groups[queries], seed=0
                )
                for metric in figures
            },
        )
        for source, queries in shares
    ]


def gate_of(differences: Sequence[Difference], *, by: str) -> Gate:
    """The gate of a generator: on where search by text gains for certain, and no left-out source loses.

    The lower 95 % bound of the paired difference in MRR to the best cheap ranking must be above zero, and
    no left-out source may lose more than 0.5 R@1. Without a left-out source the second is not known: off.

    Args:
        by: what was measured on.
    """
    searches = [row for row in differences if row.direction == "t2v"]
    whole = next(row for row in searches if row.source is None)
    left_out = [row for row in searches if row.left_out]
    gain = whole.metrics["MRR"]
    figure = f"MRR {gain.value:+.2f} [{gain.low:+.2f}, {gain.high:+.2f}] against {whole.against}"
    losing = [row for row in left_out if row.metrics["R@1"].value < TOLERATED_LOSS]
    if gain.low <= 0:
        return Gate("generator", False, by, f"{figure}: no certain gain")
    if losing:
        worst = min(losing, key=lambda row: row.metrics["R@1"].value)
        lost = f"{worst.metrics['R@1'].value:+.2f} R@1 on {worst.source}, which was not trained on"
        return Gate("generator", False, by, f"{figure}, but {lost}")
    if not left_out:
        return Gate("generator", False, by, f"{figure}; no source was left out of training to be judged by")
    return Gate("generator", True, by, f"{figure}, and no source that was not trained on loses")


def as_numbers(row: Row | Difference) -> dict[str, object]:
    """A row for JSON, its figures rounded to a hundredth."""
    numbers = asdict(row)
    numbers["metrics"] = {
        name: {bound: round(value, 2) for bound, value in asdict(interval).items()}
        for name, interval in row.metrics.items()
    }
    return numbers


def _figures(ranks: Ranks) -> dict[str, NDArray[np.float64]]:
    """R@K and the reciprocal rank of each query, times 100."""
    recalls: dict[str, Ranks] = {f"R@{depth}": np.where(ranks < depth, 100.0, 0.0) for depth in DEPTHS}
    return {**recalls, "MRR": 100.0 / (1.0 + ranks)}
