"""From the numbers of a hit to a probability: a logistic regression, perhaps with isotonic steps behind it.

calibrations.json holds what `scripts/calibrate.py` fitted on photographs that no training saw, in galleries
with and without the right one: by the digest of the encoder for pictures, "words" for words. What `train`
fitted to an encoder on this machine, or to the words of the library, comes before it
(`store.vectors.fitted`). Both are read with Python
alone, so that words answer without numpy. A probability is that of a match as it was fitted: half of the
questions had an answer.
"""

from __future__ import annotations

import bisect
import functools
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from mediaindex.search.ranking.gate import Gate
from mediaindex.store.vectors.fitted import WORDS, read_fitted

if TYPE_CHECKING:
    from mediaindex.store.vectors.spaces import Space

FILE = Path(__file__).with_name("calibrations.json")
PICTURE_NAMES = ("z", "margin", "log_share", "bank_z", "similarity", "log_segments")
"""The numbers of a moment of the pictures, as `picture_numbers` has them."""
WORD_NAMES = ("coverage", "log_terms", "log_rivals", "lead")
"""Those of a hit of the words, as `word_numbers` has them."""
CONFIDENT = 0.5
"""From this probability on a hit is confident: more probably a match than not."""
IMPROBABLE = 0.1
"""An answer whose first hit is less probable shows nothing that looks like what was asked for."""
COMPONENT = "confidence"
REFIT, CALIBRATION = "refit", "calibration"
"""The parts of what was fitted to an encoder that hold a calibration; the first that is there counts."""

_MOST_NUMBERS, _MOST_STEPS = 64, 1000
_LARGEST = 1e9


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


class FoundCalibration(NamedTuple):
    """The calibration of an encoder's pictures, or of words, and where it comes from.

    Attributes:
        by: the part of the library's file, or "shipped"; None where there is none.
        problem: why a file of the library is not read; None where it is, or there is none.
    """

    calibration: Calibration | None
    by: str | None = None
    problem: str | None = None


def calibration_of(key: str, library: Path | None = None) -> Calibration | None:
    """The calibration of an encoder's digest, or of `WORDS`; None where there is none.

    Args:
        library: folder of the library whose own calibrations come first; None for the shipped ones alone.
    """
    return found_calibration(key, library).calibration


def found_calibration(
    key: str, library: Path | None, *, parts: Sequence[str] = (REFIT, CALIBRATION)
) -> FoundCalibration:
    """As `calibration_of`, with its origin.

    Args:
        parts: of the library's file that are looked at, in their order.
    """
    fitted = read_fitted(library, key)
    problem = fitted.problem
    for name in parts:
        part = fitted.parts.get(name)
        if part is None:
            continue
        try:
            return FoundCalibration(_of_kind(part["row"], key), name, problem)
        except (KeyError, TypeError, ValueError):
            problem = f"the {name} in fitted/{key}.json is not read, it is damaged"
    row = _rows().get(key)
    return FoundCalibration(None if row is None else from_json(row), row and "shipped", problem)


def confidence_gate(space: Space | None, library: Path) -> Gate:
    """Whether moments that pictures find have a confidence, by what, and which command makes one."""
    if space is None:
        return Gate(COMPONENT, False, "no pictures", "nothing is indexed yet")
    found = found_calibration(space.digest, library)
    remedy = f"'mediaindex train --encoder {space.encoder} --features FILE' fits it"
    if found.calibration is None:
        reason = found.problem or f"it was not fitted to the encoder {space.encoder}"
        return Gate(COMPONENT, False, "no calibration", f"{reason}; {remedy}")
    reasons = {
        "shipped": "fitted to photographs that no training saw",
        CALIBRATION: "fitted by 'mediaindex train' to the features that it was given",
        REFIT: "fitted again to your captions and marks",
    }
    by = found.by or "shipped"
    passed_over = f"; {found.problem}: {remedy} again" if found.problem else ""
    if (problem := found_calibration(WORDS, library).problem) is not None:
        passed_over += f"; {problem}: hits by words have the shipped confidence"
    return Gate(COMPONENT, True, by, reasons[by] + passed_over)


def from_json(row: Mapping[str, Any]) -> Calibration:
    """The calibration of a row of the file, which may be a stranger's.

    Raises:
        KeyError, TypeError, ValueError: something is missing, or it is no calibration.
    """
    names = tuple(map(str, row["names"]))
    if not 0 < len(names) <= _MOST_NUMBERS or len(row["steps"]) > _MOST_STEPS:
        raise ValueError("it has too few or too many numbers")
    means, scales, weights = (_numbers(row[name], len(names)) for name in ("means", "scales", "weights"))
    (bias,) = _numbers([row["bias"]], 1)
    steps = tuple((step[0], step[1]) for step in (_numbers(step, 2) for step in row["steps"]))
    heights = [height for step in steps for height in step]
    if min(scales) <= 0 or (steps and not (min(heights) >= 0.0 and max(heights) <= 1.0)):
        raise ValueError("a scale is not above 0, or a probability is none")
    if list(steps) != sorted(steps) or sorted(step[1] for step in steps) != [step[1] for step in steps]:
        raise ValueError("its steps do not ascend")
    return Calibration(names, means, scales, weights, bias, steps)


def _of_kind(row: Mapping[str, Any], key: str) -> Calibration:
    """As `from_json`, and of the numbers that words or pictures have."""
    calibration = from_json(row)
    if calibration.names != (WORD_NAMES if key == WORDS else PICTURE_NAMES):
        raise ValueError("it is of other numbers")
    return calibration


def _numbers(values: Sequence[Any], count: int) -> tuple[float, ...]:
    """So many finite numbers, none so large that a probability could not be computed."""
    numbers = tuple(map(float, values))
    if len(numbers) != count or not all(abs(number) <= _LARGEST for number in numbers):
        raise ValueError("a number is missing, too large, or none")
    return numbers


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
