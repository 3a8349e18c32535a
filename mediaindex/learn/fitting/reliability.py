"""How well probabilities hold: calibration error, Brier score, and the reliability diagram."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from mediaindex.learn.evaluation.metrics import calibration_error
from mediaindex.learn.fitting.samples import Samples
from mediaindex.search.confidence.calibration import CONFIDENT

BINS, BINS_OF_CURVE = 15, 10


def reliability_of(probability: NDArray[np.float64], samples: Samples) -> dict[str, Any]:
    """How well the probabilities (N,) of held-out moments hold, by the first moment of each answer.

    Its keys: questions; right, the share of them whose first moment is right; ece (Guo et al., arXiv
    1706.04599); brier, the mean squared error, and skill, the share of it that always saying `right` would
    make more; the shares that are confident, of all and of those with and without an answer; the share of the
    confident ones that is right; and curve, the reliability diagram.
    """
    first = samples.first
    sure, right, answered = probability[first], samples.right[first], samples.answered[first]
    confident, base = sure >= CONFIDENT, float(right.mean())
    brier, by_chance = float(((sure - right) ** 2).mean()), base * (1.0 - base)
    return {
        "questions": int(first.sum()),
        "right": base,
        "ece": calibration_error(sure, right, bins=BINS),
        "brier": brier,
        "skill": 1.0 - brier / by_chance if by_chance else 0.0,
        "confident": _share(confident),
        "confident_with_answer": _share(confident[answered]),
        "confident_without_answer": _share(confident[~answered]),
        "right_if_confident": _share(right[confident]),
        "curve": curve_of(sure, right),
    }


def curve_of(
    sure: NDArray[np.float64], right: NDArray[np.bool_], bins: int = BINS_OF_CURVE
) -> list[dict[str, float]]:
    """The reliability diagram: of each bin of equal width that is not empty, the mean probability, the share
    that is right, and how many.
    """
    place = np.minimum((sure * bins).astype(int), bins - 1)
    parts = [place == one for one in range(bins) if (place == one).any()]
    return [
        {"probability": float(sure[one].mean()), "right": float(right[one].mean()), "count": int(one.sum())}
        for one in parts
    ]


def _share(chosen: NDArray[np.bool_]) -> float:
    return float(chosen.mean()) if len(chosen) else 0.0
