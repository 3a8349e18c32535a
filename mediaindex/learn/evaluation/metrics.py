"""How good a ranking is: ranks, recall, precision, overlap in time, calibration, and intervals.

Ties have one rule: an item that scores as high as the right one counts as before it, unless asked
otherwise. A NaN counts as before the right one; a right one that is NaN comes last.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

DEPTHS = (1, 5, 10, 50)

Ties = Literal["against", "mean", "for"]
Median = Literal["middle", "lower"]


@dataclass(frozen=True, slots=True)
class Retrieval:
    """Summary of the ranks of many queries.

    Attributes:
        recall: share of queries, in percent, whose right item stands among the first k, by k.
        median_rank, mean_rank: MdR and MnR, counted from 1.
        reciprocal_rank: MRR, 0..1.
        queries: how many.
    """

    recall: dict[int, float]
    median_rank: float
    mean_rank: float
    reciprocal_rank: float
    queries: int


@dataclass(frozen=True, slots=True)
class Interval:
    """A mean with a confidence interval."""

    value: float
    low: float
    high: float


def ranks(similarity: ArrayLike, right: ArrayLike, *, ties: Ties = "against") -> NDArray[np.float64]:
    """How many items stand before the right one, (Q,), 0 the best.

    Args:
        similarity: (Q, G). right: (Q,) the right column of each row.
        ties: how many of the items that score the same stand before the right one: all (against), half
            (mean), or none (for).

    Raises:
        ValueError: shapes do not agree, or a column does not exist.
    """
    scores, columns = np.asarray(similarity), np.asarray(right)
    if scores.ndim != 2 or columns.shape != scores.shape[:1]:
        raise ValueError(f"{scores.shape} similarities and {columns.shape} right answers do not agree")
    if columns.size and not (columns.min() >= 0 and columns.max() < scores.shape[1]):
        raise ValueError("a right answer stands outside the gallery")
    own = np.take_along_axis(scores, columns[:, None], axis=1)
    before = (scores > own) | np.isnan(scores) | np.isnan(own)
    np.put_along_axis(before, columns[:, None], False, axis=1)
    better = before.sum(axis=1).astype(np.float64)
    equal = (scores == own).sum(axis=1) - ~np.isnan(own[:, 0])
    share = {"against": 1.0, "mean": 0.5, "for": 0.0}[ties]
    before_own: NDArray[np.float64] = better + share * equal
    return before_own


def items_before(similarity: ArrayLike, right: ArrayLike, *, most: int = DEPTHS[-1]) -> NDArray[np.int32]:
    """Which items stand before the right one, (Q, most), the best first and −1 behind the last of them.

    As `ranks` counts them: what scores the same, and a NaN, stands before it.

    Args:
        similarity: (Q, G). right: (Q,) the right column of each row.
    """
    scores, columns = np.asarray(similarity), np.asarray(right)
    before = np.full((len(columns), most), -1, np.int32)
    for row, column in enumerate(columns):
        own = scores[row, column]
        values = np.where(np.isnan(scores[row]), np.inf, scores[row])
        is_before = values >= (-np.inf if np.isnan(own) else own)
        is_before[column] = False
        (items,) = np.nonzero(is_before)
        best = items[np.argsort(-values[items], kind="stable")[:most]]
        before[row, : len(best)] = best
    return before


def retrieval(ranks: ArrayLike, *, depths: Sequence[int] = DEPTHS, median: Median = "middle") -> Retrieval:
    """Recall, median and mean of ranks (Q,) counted from 0.

    Args:
        median: of an even number of ranks, the middle of both, or the lower one, as in published results on
            sets with several captions a video.

    Raises:
        ValueError: there is no rank.
    """
    values = np.asarray(ranks, dtype=np.float64)
    if values.ndim != 1 or not values.size:
        raise ValueError("no query was ranked")
    lower = float(np.sort(values)[(values.size - 1) // 2])
    middle = float(np.median(values)) if median == "middle" else lower
    return Retrieval(
        recall={depth: 100.0 * float(np.mean(values < depth)) for depth in depths},
        median_rank=middle + 1.0,
        mean_rank=float(values.mean()) + 1.0,
        reciprocal_rank=float(np.mean(1.0 / (values + 1.0))),
        queries=values.size,
    )


def best_of_group(similarity: ArrayLike, group: ArrayLike) -> NDArray[np.floating]:
    """The best column of each group, (Q, G'), for galleries with several captions a video.

    Args:
        similarity: (Q, G). group: (G,) numbers 0..G'−1, in any order, each with a member.

    Raises:
        ValueError: shapes do not agree, or a group has no member.
    """
    scores, numbers = np.asarray(similarity, dtype=np.float64), np.asarray(group)
    if numbers.shape != scores.shape[1:]:
        raise ValueError(f"{numbers.shape} groups for {scores.shape[1:]} columns")
    members = np.bincount(numbers)
    if not members.all():
        raise ValueError(f"group {int(np.argmin(members))} has no member")
    order = np.argsort(numbers, kind="stable")
    starts = np.concatenate([[0], np.cumsum(members)[:-1]])
    best: NDArray[np.floating] = np.maximum.reduceat(scores[:, order], starts, axis=1)
    return best


def average_precision(scores: ArrayLike, relevant: ArrayLike) -> float:
    """Mean of the precision at each relevant item, 0..1; 0 where nothing is relevant.

    Args:
        scores: (G,). relevant: (G,) bool. Irrelevant items come first among equal scores.
    """
    values, right = np.asarray(scores, dtype=np.float64), np.asarray(relevant, dtype=bool)
    if not right.any():
        return 0.0
    hits = right[np.lexsort((right, -values))]
    precision = np.cumsum(hits) / np.arange(1, hits.size + 1)
    return float(precision[hits].mean())


def temporal_iou(a: tuple[float, float], b: tuple[float, float]) -> float:
    """Overlap of two stretches of time (start, end) over what both cover, 0..1."""
    overlap = max(0.0, min(a[1], b[1]) - max(a[0], b[0]))
    covered = (a[1] - a[0]) + (b[1] - b[0]) - overlap
    return overlap / covered if covered > 0 else 0.0


def calibration_error(probabilities: ArrayLike, correct: ArrayLike, *, bins: int = 15) -> float:
    """Expected calibration error, 0..1: |share right − mean probability| over bins of equal width.

    Guo et al., arXiv 1706.04599, equation 3.

    Args:
        probabilities: (Q,). correct: (Q,) whether each came true.

    Raises:
        ValueError: shapes do not agree, or there is none.
    """
    values, right = np.asarray(probabilities, dtype=np.float64), np.asarray(correct, dtype=np.float64)
    if values.shape != right.shape or not values.size:
        raise ValueError(f"{values.shape} probabilities and {right.shape} outcomes")
    bin_of = np.minimum((values * bins).astype(np.int64), bins - 1)
    gaps = np.bincount(bin_of, weights=right - values, minlength=bins)
    return float(np.abs(gaps).sum() / values.size)


def paired_bootstrap(
    differences: ArrayLike, group: ArrayLike, *, seed: int, rounds: int = 2000, level: float = 0.95
) -> Interval:
    """Mean of paired differences with a percentile interval, resampled by group.

    Queries on one picture or video are not independent, so whole groups are drawn with replacement.

    Args:
        differences: (Q,) one ranking's figure less the other's, query by query.
        group: (Q,) numbers ≥ 0 of the gallery items that the queries ask for.
        seed, rounds: of the resampling. level: share of the rounds inside the interval.

    Raises:
        ValueError: shapes do not agree, or there is no difference.
    """
    means = resampled_means(differences, group, seed=seed, rounds=rounds)
    return _interval(_mean(differences), means, level)


def median_bootstrap(
    ranks: ArrayLike,
    group: ArrayLike,
    *,
    seed: int,
    rounds: int = 2000,
    level: float = 0.95,
    median: Median = "middle",
) -> Interval:
    """MdR, counted from 1, with a percentile interval; groups are drawn as in `paired_bootstrap`.

    Args:
        ranks: (Q,) from 0. group: (Q,) as for `paired_bootstrap`.
        median: as for `retrieval`.

    Raises:
        ValueError: shapes do not agree, or there is no rank.
    """
    values, numbers = np.asarray(ranks, dtype=np.float64), np.asarray(group)
    if values.shape != numbers.shape or not values.size:
        raise ValueError(f"{values.shape} ranks in {numbers.shape} groups")
    order = np.argsort(values, kind="stable")
    _, group_of = np.unique(numbers[order], return_inverse=True)
    groups, random = int(group_of.max()) + 1, np.random.default_rng(seed)
    sorted_values, medians = values[order], np.empty(rounds)
    for number in range(rounds):
        times = np.bincount(random.integers(0, groups, size=groups), minlength=groups)
        until = np.cumsum(times[group_of])
        middle = [(until[-1] - 1) // 2, until[-1] // 2 if median == "middle" else (until[-1] - 1) // 2]
        medians[number] = sorted_values[np.searchsorted(until, middle, side="right")].mean()
    value = retrieval(values, median=median).median_rank
    return _interval(value, medians + 1.0, level)


def pooled_bootstrap(
    sources: Sequence[tuple[ArrayLike, ArrayLike]], *, seed: int, rounds: int = 2000, level: float = 0.95
) -> Interval:
    """As `paired_bootstrap`, for the mean over sources, each of which has the same weight.

    Args:
        sources: (differences, group) of each.

    Raises:
        ValueError: shapes do not agree, or there is no source, or no difference in one.
    """
    if not sources:
        raise ValueError("there is no source")
    means = [resampled_means(*source, seed=seed + n, rounds=rounds) for n, source in enumerate(sources)]
    value = float(np.mean([_mean(differences) for differences, _group in sources]))
    return _interval(value, np.mean(means, axis=0), level)


def resampled_means(
    differences: ArrayLike, group: ArrayLike, *, seed: int, rounds: int
) -> NDArray[np.float64]:
    """The mean in each round of drawing whole groups with replacement, (rounds,)."""
    values, numbers = np.asarray(differences, dtype=np.float64), np.asarray(group)
    if values.shape != numbers.shape or not values.size:
        raise ValueError(f"{values.shape} differences in {numbers.shape} groups")
    _, group_of = np.unique(numbers, return_inverse=True)
    totals, members = np.bincount(group_of, weights=values), np.bincount(group_of)
    drawn = np.random.default_rng(seed).integers(0, totals.size, size=(rounds, totals.size))
    means: NDArray[np.float64] = totals[drawn].sum(axis=1) / members[drawn].sum(axis=1)
    return means


def _mean(values: ArrayLike) -> float:
    return float(np.asarray(values, dtype=np.float64).mean())


def _interval(value: float, means: NDArray[np.float64], level: float) -> Interval:
    low, high = np.quantile(means, [(1 - level) / 2, (1 + level) / 2])
    return Interval(value, float(low), float(high))
