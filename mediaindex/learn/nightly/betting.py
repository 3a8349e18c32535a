"""How strongly paired differences speak against "nothing fell": an e-value, and the interval that it gives.

Differences of one night have no order, and are few: a confidence sequence would depend on an order, and the
bootstrap is wrong at the small levels that a year of nights needs. So capital is bet against a mean m. With
the share b of it, each difference d multiplies the capital by 1 + b (m − d) / (1 − m). If the mean is m or
more, the expected capital is at most 1, whatever else is true of independent differences in [−1, 1]. The mean
of the capital over several b is an e-value again, and needs no tuning (Waudby-Smith and Ramdas, "Estimating
means of bounded random variables by betting", JRSS B 86, 2024; the mixture over b: their section B.2).
By Markov's inequality it exceeds 1 / level with a probability of at most `level`.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mediaindex.learn.evaluation.metrics import Interval

SHARES = np.array([0.1, 0.25, 0.5, 0.8, 0.95, 0.99])
# Halvings of [−1, 1] down to 1e-6 of a difference.
_HALVINGS = 21
# Of the logarithm of an e-value that is told; e to this is 1e304.
_LARGEST = 700.0


def evidence_of_fall(differences: ArrayLike) -> float:
    """The e-value against a mean of zero or more; 1 where there is no difference at all.

    Args:
        differences: (N,) in [−1, 1], one of each independent unit.

    Raises:
        ValueError: one lies outside, or is no number.
    """
    return float(np.exp(min(_log_evidence(_checked(differences), 0.0), _LARGEST)))


def interval_of(differences: ArrayLike, level: float) -> Interval:
    """The mean of the differences with its interval.

    Args:
        level: probability, at most, that the mean lies above the interval; the same for below.

    Raises:
        ValueError: as `evidence_of_fall`.
    """
    values = _checked(differences)
    if not values.size:
        return Interval(0.0, -1.0, 1.0)
    return Interval(float(values.mean()), -_upper(-values, level), _upper(values, level))


def _upper(values: NDArray[np.float64], level: float) -> float:
    """The largest mean that is not refused; the evidence against a mean grows with it."""
    low, high = -1.0, 1.0
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        if _log_evidence(values, middle) >= -np.log(level):
            high = middle
        else:
            low = middle
    return high


def _log_evidence(values: NDArray[np.float64], mean: float) -> float:
    """Of the differences against a mean of `mean` or more, by the mean capital over all shares."""
    steps = (mean - values) / (1.0 - mean)
    kinds, counts = np.unique(steps, return_counts=True)
    capital = np.log1p(SHARES[:, None] * kinds[None, :]) @ counts
    return float(np.logaddexp.reduce(capital) - np.log(len(SHARES)))


def _checked(differences: ArrayLike) -> NDArray[np.float64]:
    values = np.asarray(differences, dtype=np.float64)
    if values.ndim != 1 or not np.all(np.abs(values) <= 1.0):
        raise ValueError("differences must be numbers from -1 to 1")
    return values
