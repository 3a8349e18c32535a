"""From the numbers of a hit to a probability: a logistic regression, perhaps with isotonic steps behind it.

calibrations.json holds what `scripts/calibrate.py` fitted on photographs that no training saw, in galleries
with and without the right one: by the digest of the encoder for pictures, "words" for words. It is read
with Python alone, so that words answer without numpy. A probability is that of a match as it was fitted:
half of the questions had an answer.
"""

from __future__ import annotations

import bisect
import functools
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

FILE = Path(__file__).with_name("calibrations.json")
WORDS = "words"
CONFIDENT = 0.5
"""From this probability on a hit is confident: more probably a match than not."""
IMPROBABLE = 0.1
"""An answer whose first hit is less probable shows nothing that looks like what was asked for."""


@dataclass(frozen=True, slots=True)
class Calibration:
    """A fitted calibration.

    Attributes:
        names: of the numbers, in their order. means, scales: by which they are standardised.
        weights, bias: of the logistic regression, on standardised numbers.
        steps: (score, probability), ascending in both: isotonic regression of the logistic's probability,
            read by straight lines between them; empty where the logistic alone is better.
    """

    names: tuple[str, ...]
    means: tuple[float, ...]
    scales: tuple[float, ...]
    weights: tuple[float, ...]
    bias: float
    steps: tuple[tuple[float, float], ...]

    def probability(self, numbers: Sequence[float]) -> float:
        """That a hit with these numbers is a match.

        Args:
            numbers: in the order of `names`.
        """
        logit = self.bias
        for number, mean, scale, weight in zip(numbers, self.means, self.scales, self.weights, strict=True):
            logit += weight * (number - mean) / scale
        probability = 1.0 / (1.0 + math.exp(-max(-500.0, min(500.0, logit))))
        return _between(self.steps, probability) if self.steps else probability

    def as_json(self) -> dict[str, Any]:
        """The row of the file."""
        return {
            "names": list(self.names),
            "means": list(self.means),
            "scales": list(self.scales),
            "weights": list(self.weights),
            "bias": self.bias,
            "steps": [list(step) for step in self.steps],
        }


def calibration_of(key: str) -> Calibration | None:
    """The calibration of an encoder's digest, or of `WORDS`; None where there is none."""
    row = _rows().get(key)
    return None if row is None else from_json(row)


def from_json(row: Mapping[str, Any]) -> Calibration:
    """The calibration of a row of the file."""
    names, means, scales, weights = (tuple(row[name]) for name in ("names", "means", "scales", "weights"))
    steps = tuple((float(score), float(probability)) for score, probability in row["steps"])
    return Calibration(names, means, scales, weights, float(row["bias"]), steps)


@functools.cache
def _rows() -> dict[str, Any]:
    rows: dict[str, Any] = json.loads(FILE.read_text(encoding="utf-8"))
    return rows


def _between(steps: Sequence[tuple[float, float]], score: float) -> float:
    """The height at `score` of the straight lines through the steps; level outside them."""
    behind = bisect.bisect_right(steps, (score, math.inf))
    if behind == 0:
        return steps[0][1]
    if behind == len(steps):
        return steps[-1][1]
    (left, low), (right, high) = steps[behind - 1], steps[behind]
    return low if right == left else low + (high - low) * (score - left) / (right - left)
