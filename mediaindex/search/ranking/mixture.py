"""The constants of the linear mixture: a similarity and what a scorer says, weighed into one score.

    score = ⟨w, (s, L1, L2, L3, −hub)⟩        s = similarity less its hub, divided by the bank's deviation

`mediaindex_models.evidence_mixture` fits the weights. It needs five numbers of a candidate, no network and no
list: what every generator is compared with.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

NUMBERS = 5


@dataclass(frozen=True, slots=True)
class Mixture:
    """The constants of a mixture.

    Attributes:
        scorer: digest of the scorer whose numbers it weighs.
        weights: of s, L1, L2, L3 and −hub. deviation: by which a similarity is divided.
    """

    scorer: str
    weights: tuple[float, ...]
    deviation: float

    @classmethod
    def of(cls, config: Mapping[str, Any]) -> Mixture:
        """As a generator's config.json has it.

        Raises:
            KeyError, TypeError, ValueError: it is not there, or holds no such numbers.
        """
        weights = tuple(map(float, config["generator"]["weights"]))
        deviation = float(config["scorer"]["deviation"])
        if len(weights) != NUMBERS or not all(map(math.isfinite, weights)) or not 0 < deviation < math.inf:
            raise ValueError("a mixture has five finite weights and a deviation above zero")
        return cls(str(config["scorer"]["digest"]), weights, deviation)
