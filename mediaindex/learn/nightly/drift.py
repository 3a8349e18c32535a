"""Whether scores are spread as they were the night before: a change there comes before one in the ranks."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mediaindex.store.evaluations.query_ranks import QueryRanks

# Of the two-sample Kolmogorov-Smirnov statistic at 1 %: that of n and n values times sqrt(n / 2).
_CRITICAL = 1.63


@dataclass(frozen=True, slots=True)
class Drift:
    """The scores of what stood first, of the queries that two nights had in common.

    Attributes:
        statistic: the largest distance of both distributions, 0..1 (Kolmogorov-Smirnov).
        shift: of their mean. drifted: whether the distance is larger than chance gives independent samples
            once in a hundred times; the same queries are closer than these.
    """

    queries: int
    statistic: float
    shift: float
    drifted: bool


def drift_between(tonight: QueryRanks, before: QueryRanks) -> Drift | None:
    """How the scores moved; None where both nights have no scored query in common."""
    _, own, other = np.intersect1d(tonight.queries, before.queries, return_indices=True)
    new, old = tonight.top[own].astype(np.float64), before.top[other].astype(np.float64)
    known = np.isfinite(new) & np.isfinite(old)
    if not known.any():
        return None
    new, old = new[known], old[known]
    statistic = distance(new, old)
    is_large = statistic > _CRITICAL * np.sqrt(2.0 / len(new))
    return Drift(len(new), statistic, float(new.mean() - old.mean()), bool(is_large))


def distance(one: NDArray[np.float64], other: NDArray[np.float64]) -> float:
    """The two-sample Kolmogorov-Smirnov statistic."""
    places = np.concatenate([one, other])
    shares = [np.searchsorted(np.sort(sample), places, side="right") / len(sample) for sample in (one, other)]
    return float(np.abs(shares[0] - shares[1]).max())
