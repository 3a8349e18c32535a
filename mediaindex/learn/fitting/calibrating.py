"""From moments of answers to a calibration: a logistic regression, perhaps with isotonic steps behind it.

Which of them, and how strongly the regression is bound, is what has the better Brier score in
cross-validation by group. scikit-learn (extra `train`) is loaded where something is fitted; what was fitted
is read without it.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mediaindex.learn.fitting.reliability import reliability_of
from mediaindex.learn.fitting.samples import Samples
from mediaindex.search.confidence.calibration import Calibration

FOLDS = 5
STEPS = 24
"""Points of the isotonic curve that are kept at the most."""
STRENGTHS = (0.01, 0.1, 1.0, 10.0)
LEAST_OF_A_KIND = 20
"""Moments that are right, and moments that are wrong, of at least `2 * FOLDS` groups each: fewer leave a fold
without one kind."""
MISSING = "scikit-learn is not installed (extra `train`: pip install 'mediaindex[train]')"

Fit = Callable[[Samples], Calibration]


def missing_library() -> str | None:
    """Why nothing can be fitted on this machine, for a person; None where it can."""
    return MISSING if importlib.util.find_spec("sklearn") is None else None


def unfit(samples: Samples) -> str | None:
    """Why nothing can be fitted to some moments, for a person; None where it can."""
    for kind, chosen in (("right", samples.right), ("wrong", ~samples.right)):
        groups = len(np.unique(samples.group[chosen]))
        if chosen.sum() < LEAST_OF_A_KIND or groups < 2 * FOLDS:
            return f"too few moments are {kind}: {int(chosen.sum())}, of {groups} clips"
    return None


def fitted(samples: Samples, names: Sequence[str]) -> Calibration:
    """The calibration of some samples to which `unfit` has no objection.

    Args:
        names: of the numbers, in their order.
    """

    def brier_of(strength: float) -> float:
        return _brier(samples, lambda part: logistic(part, names, strength))

    strength = min(STRENGTHS, key=brier_of)

    def plain(part: Samples) -> Calibration:
        return logistic(part, names, strength)

    def with_steps(part: Samples) -> Calibration:
        return stepped(plain(part), part)

    return (with_steps if _brier(samples, with_steps) < _brier(samples, plain) else plain)(samples)


def calibrated(halves: Sequence[Samples], names: Sequence[str]) -> tuple[Calibration, dict[str, Any]]:
    """The calibration of both halves together, and how well each half is judged by the other."""
    judged = [probabilities(fitted(halves[1 - half], names), halves[half].numbers) for half in (0, 1)]
    both = Samples.joined(halves)
    return fitted(both, names), reliability_of(np.concatenate(judged), both)


def out_of_fold(samples: Samples, fit: Fit) -> NDArray[np.float64]:
    """(N,) the probability of each moment by what was fitted to the other folds."""
    from sklearn.model_selection import GroupKFold

    found = np.empty(len(samples.right))
    for train, test in GroupKFold(FOLDS).split(samples.numbers, samples.right, samples.group):
        own = np.zeros(len(samples.right), np.bool_)
        own[train] = True
        found[test] = probabilities(fit(samples.where(own)), samples.numbers[test])
    return found


def logistic(samples: Samples, names: Sequence[str], strength: float) -> Calibration:
    """A logistic regression on standardised numbers; of moments of one kind, their share.

    Args:
        strength: C of scikit-learn, the inverse of the ridge penalty.
    """
    from sklearn.linear_model import LogisticRegression

    means, scales = samples.numbers.mean(axis=0), np.maximum(samples.numbers.std(axis=0), 1e-9)
    plain = Calibration(
        tuple(names), tuple(means.tolist()), tuple(scales.tolist()), (0.0,) * len(names), 0.0, ()
    )
    if samples.right.all() or not samples.right.any():
        share = (samples.right.sum() + 1) / (len(samples.right) + 2)  # Laplace's rule: neither 0 nor 1
        return replace(plain, bias=float(np.log(share / (1 - share))))
    model = LogisticRegression(C=strength, max_iter=1000)
    model.fit((samples.numbers - means) / scales, samples.right)
    weights, bias = tuple(model.coef_[0].tolist()), float(np.ravel(model.intercept_)[0])
    return replace(plain, weights=weights, bias=bias)


def stepped(plain: Calibration, samples: Samples) -> Calibration:
    """The same with the isotonic regression of its probabilities behind it."""
    from sklearn.isotonic import IsotonicRegression

    scores = probabilities(plain, samples.numbers)
    curve = IsotonicRegression(y_min=0.0, y_max=1.0, out_of_bounds="clip").fit(scores, samples.right)
    at = np.unique(np.quantile(scores, np.linspace(0, 1, STEPS)))
    return replace(plain, steps=tuple(zip(at.tolist(), curve.predict(at).tolist(), strict=True)))


def probabilities(calibration: Calibration, numbers: NDArray[np.float64]) -> NDArray[np.float64]:
    """(N,) of rows of numbers, as `Calibration.probability` has each."""
    means, scales, weights = (
        np.array(values) for values in (calibration.means, calibration.scales, calibration.weights)
    )
    logits = calibration.bias + ((numbers - means) / scales) @ weights
    scores: NDArray[np.float64] = 1.0 / (1.0 + np.exp(-np.clip(logits, -500.0, 500.0)))
    if not calibration.steps:
        return scores
    at, height = zip(*calibration.steps, strict=True)
    found: NDArray[np.float64] = np.interp(scores, at, height)
    return found


def _brier(samples: Samples, fit: Fit) -> float:
    return float(((out_of_fold(samples, fit) - samples.right) ** 2).mean())
