"""What paired differences have decided so far: a confidence sequence of their mean, and how far it still is.

A confidence interval is right if it is looked at once. This one is right with the stated probability at
every look together, however often the differences are looked at and whenever one stops: that is what lets a
ranking be turned on as soon as the captions suffice. It bets against each candidate mean (Waudby-Smith and
Ramdas, "Estimating means of bounded random variables by betting", JRSS B 86, 2024, theorem 3);
docs/benchmarks/caption-gate.md has its coverage, its delay, and the methods that were compared.
"""

from __future__ import annotations

import numpy as np
import ville
from numpy.typing import ArrayLike

from mediaindex.learn.evaluation.metrics import Interval

LEVEL = 0.95
# Candidate means in [−1, 1], 0.05 points of MRR apart; an interval ends at the next one outside.
_CANDIDATES = 4001
# The share of its capital that a bet may lose at most.
_LARGEST_LOSS = 0.75
# No more differences are foreseen than this.
FORESEEN = 2000


def confidence_sequence(differences: ArrayLike) -> Interval:
    """The mean of paired differences and its interval after the last of them, valid at every look.

    The interval is that of the present look, not what all looks so far have in common: a library changes,
    and what was decided can be withdrawn.

    Args:
        differences: each in [−1, 1], in order of arrival; of reciprocal ranks, one of each independent unit.

    Raises:
        ValueError: one is not finite, or outside [−1, 1].
    """
    values = np.asarray(differences, dtype=np.float64)
    if not values.size:
        return Interval(0.0, -1.0, 1.0)
    low, high = _sequence(values).interval()
    return Interval(float(values.mean()), low, high)


def missing_to_decide(differences: ArrayLike) -> int | None:
    """How many more differences would decide on which side of zero the mean lies, if they are like these.

    Returns:
        0 where that is decided; None where it cannot be told: no difference was seen, or more than
        `FORESEEN` would be needed.

    Raises:
        ValueError: as `confidence_sequence`.
    """
    values = np.asarray(differences, dtype=np.float64)
    present = confidence_sequence(values)
    if present.low > 0.0 or present.high < 0.0:
        return 0
    if not values.any() or values.size >= FORESEEN:
        return None
    sequence = _sequence(np.resize(values, FORESEEN))
    decided = np.flatnonzero((sequence.lower_ > 0.0) | (sequence.upper_ < 0.0))
    later = decided[decided >= values.size]
    return int(later[0]) + 1 - values.size if later.size else None


def _sequence(differences: ArrayLike) -> ville.BettingCS:
    sequence = ville.BettingCS(
        bounds=(-1.0, 1.0), alpha=1.0 - LEVEL, c=_LARGEST_LOSS, grid=_CANDIDATES, intersect=False
    )
    return sequence.fit(differences)
