"""Relevance feedback: a query moved towards what the user marked as right and away from what is wrong.

    q' = q + β · mean(right) − γ · mean(wrong), scaled to length one

Rocchio, "Relevance feedback in information retrieval" (The SMART Retrieval System, 1971), on the full
vectors, the weight of the query being 1. It needs no training and no list of candidates, so that a moved
query can search the whole library again.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mediaindex.search.channels.similarity import unit

# Chosen on validation queries by scripts/bench/feedback.py, in the built-in encoder's vectors and in those of
# another map; docs/benchmarks/feedback.md has the figures. More than 2.5 gains nothing and leaves the query
# no share.
RIGHT_WEIGHT = 2.5
WRONG_WEIGHT = 0.25

_SHORTEST = 1e-4


def moved_query(
    query: ArrayLike,
    *,
    right: ArrayLike = (),
    wrong: ArrayLike = (),
    right_weight: float = RIGHT_WEIGHT,
    wrong_weight: float = WRONG_WEIGHT,
) -> NDArray[np.float32]:
    """The query after the marks, (D,) unit, to be compared with vectors as the query was.

    The query stays as it is without marks, and where the wrong ones cancel it out.

    Args:
        query: (D,) unit.
        right, wrong: (R, D) and (W, D) unit rows of what was marked, in any order; () where nothing was.
        right_weight, wrong_weight: β and γ, at least 0.

    Raises:
        ValueError: widths do not agree, a value is not finite, or a weight is negative.
    """
    original = np.asarray(query, dtype=np.float64)
    if original.ndim != 1:
        raise ValueError(f"a query is one vector, not {original.shape}")
    for name, weight in (("right", right_weight), ("wrong", wrong_weight)):
        if not 0 <= weight < np.inf:
            raise ValueError(f"the weight of {name} marks is a number from 0 on, not {weight}")
    moved = original + right_weight * _mean(right, original.size, "right")
    moved -= wrong_weight * _mean(wrong, original.size, "wrong")
    if not np.isfinite(moved).all():
        raise ValueError("a query or a mark holds a number that is not finite")
    if np.linalg.norm(moved) < _SHORTEST:
        moved = original
    return unit(moved)


def _mean(marks: ArrayLike, width: int, name: str) -> NDArray[np.float64]:
    """The mean of the rows, zeros where there is none."""
    rows = np.asarray(marks, dtype=np.float64)
    if rows.size == 0:
        return np.zeros(width)
    if rows.ndim != 2 or rows.shape[1] != width:
        raise ValueError(f"{name} marks are rows as wide as the query ({width}), not {rows.shape}")
    mean: NDArray[np.float64] = rows.mean(axis=0)
    return mean
