"""Hub correction by a query bank: items that are near to every query lose what they have in common."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def hubness(bank: NDArray[np.floating], *, beta: float) -> NDArray[np.float64]:
    """How near each gallery item is to queries at large, (N,): (1/β) log mean_bank exp(β S_bank).

    Subtracted from similarities it is the inverted softmax (Smith et al., arXiv 1702.03859) in the
    similarity's own unit: items that answer everything stand back. A bank of another domain harms.

    Args:
        bank: (M, N) similarities of M ≥ 1 bank queries.
        beta: inverse temperature, above 0.
    """
    _require_bank(bank, beta)
    logits = beta * np.asarray(bank, dtype=np.float64)
    peak = logits.max(axis=0)
    hubs: NDArray[np.float64] = (peak + np.log(np.exp(logits - peak).mean(axis=0))) / beta
    return hubs


def activation_set(bank: NDArray[np.floating], *, k: int = 1) -> NDArray[np.intp]:
    """The gallery items that are among the k nearest of any bank query, ascending."""
    width = bank.shape[1]
    near = np.argpartition(-bank, min(k, width) - 1, axis=1)[:, :k]
    return np.unique(near)


def querybank_normalised(
    similarity: NDArray[np.floating], bank: NDArray[np.floating], *, beta: float = 20.0, k: int = 1
) -> NDArray[np.float64]:
    """QB-Norm, the dynamic inverted softmax (Bogolin et al., arXiv 2112.12777), (Q, N).

    A row whose best item is in the bank's activation set becomes exp(β S) / Σ_bank exp(β S_bank), other
    rows stay as they are: compare scores within a row only.

    Args:
        similarity: (Q, N). bank: (M, N). beta: inverse temperature. k: of the activation set.
    """
    _require_bank(bank, beta)
    scores = np.asarray(similarity, dtype=np.float64)
    hub = np.isin(scores.argmax(axis=1), activation_set(bank, k=k))
    # Σ = M exp(β hubness): both exponents together, so that a large β does not overflow
    normalised = np.exp(beta * (scores - hubness(bank, beta=beta))) / len(bank)
    return np.where(hub[:, None], normalised, scores)


def _require_bank(bank: NDArray[np.floating], beta: float) -> None:
    if bank.ndim != 2 or not bank.size or not beta > 0:
        raise ValueError(f"a bank holds at least one query, and beta is above 0: {bank.shape}, {beta}")
