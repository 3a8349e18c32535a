"""Hub correction by a query bank: what is near to every query counts less.

A bank is queries whose answers nobody looks for, of the domain that is searched; another domain's harms.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def hubness(bank: NDArray[np.floating], *, beta: float) -> NDArray[np.float64]:
    """How near each gallery item is to queries at large, (N,): (1/β) log mean_bank exp(β S_bank).

    Similarities less their hubness are the logarithm of the inverted softmax (Smith et al., arXiv 1702.03859)
    divided by β, up to a constant: items that are near to everything lose most.

    Args:
        bank: (M, N) similarities of M ≥ 1 bank queries with the gallery.
        beta: inverse temperature, above 0.

    Raises:
        ValueError: the bank is empty, or beta is not above 0.
    """
    _require_bank(bank, beta)
    logits = beta * np.asarray(bank, dtype=np.float64)
    peak = logits.max(axis=0)
    hubs: NDArray[np.float64] = (peak + np.log(np.exp(logits - peak).mean(axis=0))) / beta
    return hubs


def activation_set(bank: NDArray[np.floating], *, k: int = 1) -> NDArray[np.intp]:
    """The gallery items among the k nearest of any bank query, ascending: QB-Norm's gallery activation set.

    Args:
        bank: (M, N) similarities of M ≥ 1 bank queries with the gallery.
    """
    nearest = np.argpartition(-bank, min(k, bank.shape[1]) - 1, axis=1)[:, :k]
    return np.unique(nearest)


def querybank_normalised(
    similarity: NDArray[np.floating], bank: NDArray[np.floating], *, beta: float = 20.0, k: int = 1
) -> NDArray[np.float64]:
    """QB-Norm with the dynamic inverted softmax (Bogolin et al., arXiv 2112.12777), (Q, N).

    A row whose best item is in the bank's activation set becomes exp(β S) / Σ_bank exp(β S_bank); other
    rows stay as they are. Scores of different rows cannot be compared.

    Args:
        similarity: (Q, N) of the queries with the gallery. bank: (M, N) of the bank queries.
        beta: inverse temperature, above 0. k: nearest items of a bank query in the activation set.

    Raises:
        ValueError: the bank is empty, or beta is not above 0.
    """
    _require_bank(bank, beta)
    scores = np.asarray(similarity, dtype=np.float64)
    activated = np.isin(scores.argmax(axis=1), activation_set(bank, k=k))
    # Σ_bank exp(β S_bank) = M exp(β hubness): one exponent for both, so that a large β does not overflow
    normalised = np.exp(beta * (scores - hubness(bank, beta=beta))) / len(bank)
    return np.where(activated[:, None], normalised, scores)


def _require_bank(bank: NDArray[np.floating], beta: float) -> None:
    if bank.ndim != 2 or not bank.size or not beta > 0:
        raise ValueError(f"a bank holds at least one query, and beta is above 0: {bank.shape}, {beta}")
