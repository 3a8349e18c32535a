"""QB-Norm: similarities normalised by a query bank where a bank query answers, too."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from mediaindex.store.mapped.bank import hubness


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
    scores = np.asarray(similarity, dtype=np.float64)
    activated = np.isin(scores.argmax(axis=1), activation_set(bank, k=k))
    # Σ_bank exp(β S_bank) = M exp(β hubness): one exponent for both, so that a large β does not overflow
    normalised = np.exp(beta * (scores - hubness(bank, beta=beta))) / len(bank)
    return np.where(activated[:, None], normalised, scores)
