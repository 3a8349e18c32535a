"""What tells a right moment of the pictures from another one: how it stands out of the whole list.

A cosine of 0.3 is much for one sentence and little for another, so nothing here is a cosine alone: it counts
by how it lies among those of the library to the same sentence, and of the same moment to other sentences.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from mediaindex.search.confidence.calibration import PICTURE_NAMES

NAMES = PICTURE_NAMES
BETA = 50.0
"""Inverse temperature of the share."""
ALIKE = 0.9
"""Cosine of two mean frames from which on they show the same: a copy of a scene is no rival of it."""
BANK_SENTENCES = 250
"""So many sentences of a bank say well enough how near a moment is to sentences at large."""
RIVALS = 64
"""So many of the best segments are looked at for a rival that does not look the same."""
BLOCK = 256


def picture_numbers(
    score: NDArray[np.float32],
    video: NDArray[np.int64],
    places: Sequence[int],
    similarity: Sequence[float],
    of_bank: NDArray[np.float32],
    means: NDArray[np.float32],
    best: NDArray[np.intp],
) -> list[list[float]]:
    """Of each of K moments, in the order of `NAMES`.

    z: of its score, in deviations of all scores from their mean. margin: over the best segment of another
    video that looks different, in these deviations. log_share: log of its part in the sum of exp(β score)
    of itself and of its rivals, the best segments of other videos that look different. bank_z: its
    similarity, in deviations of its similarities to the sentences of the bank. similarity: as it is.
    log_segments: of how many there are.

    Args:
        score: (S,) by which the segments are put in order, -inf for those that take no part.
        video: (S,) whose each segment is.
        places, similarity: (K,) the moments' best segments and their similarities.
        of_bank: (K, B) similarities of these segments to the sentences that `sentences_of` takes of the bank.
        means: (K + R, D) unit mean frames of these segments, then of `best`.
        best: (R,) segments with the best scores, as `best_segments` gives them.
    """
    values = score[score > -np.inf]
    mean = float(values.mean(dtype=np.float64))
    # The deviation of a large library by one product: np.std in double precision takes six times as long.
    apart = values - np.float32(mean)
    spread = max(math.sqrt(float(apart @ apart) / len(values)), 1e-6)
    alike = means[: len(places)] @ means[len(places) :].T >= ALIKE
    numbers = []
    for row, place in enumerate(places):
        own = float(score[place])
        others = score[best][(video[best] != video[place]) & ~alike[row]].astype(np.float64)
        rival = float(others.max()) if len(others) else float(values.min())
        bank_spread = max(float(of_bank[row].std()), 1e-6)
        numbers.append(
            [
                (own - mean) / spread,
                (own - rival) / spread,
                -float(np.log1p(np.exp(BETA * (others - own)).sum())),
                (similarity[row] - float(of_bank[row].mean())) / bank_spread,
                similarity[row],
                float(np.log(len(values))),
            ]
        )
    return numbers


def sentences_of(bank: NDArray[np.float32]) -> NDArray[np.float32]:
    """The sentences of a bank (M, D) that count here, spread over it."""
    return bank[:: max(1, len(bank) // BANK_SENTENCES)]


def best_segments(score: NDArray[np.float32]) -> NDArray[np.intp]:
    """(R,) the segments with the best scores, `RIVALS` at most, in no order."""
    among, blocks = np.flatnonzero(score > -np.inf), len(score) // BLOCK
    if (
        blocks >= RIVALS
    ):  # so many blocks have a score of at least the least of their maxima: the rest is no rival
        highest = score[: blocks * BLOCK].reshape(blocks, BLOCK).max(axis=1)
        among = np.flatnonzero(
            score >= max(np.partition(highest, -RIVALS)[-RIVALS], np.finfo(np.float32).min)
        )
    if len(among) <= RIVALS:
        return among
    return among[np.argpartition(-score[among], RIVALS)[:RIVALS]]
