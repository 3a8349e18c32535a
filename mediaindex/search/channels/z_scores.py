"""Similarities to different queries, made comparable: how far each stands out in the library.

A cosine of 0.3 is much for one sentence and little for another. Over all segments of a library the
similarities to one sentence have a mean and a spread; z = (similarity − mean) / spread counts in these.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def z_scores(similarity: NDArray[np.float32]) -> NDArray[np.float32]:
    """(S,) of each segment; -inf where the similarity is -inf, 0 where all are the same.

    Args:
        similarity: (S,) of all segments of a library to one query, -inf for those that take no part.
    """
    taking_part = similarity > -np.inf
    values = similarity[taking_part].astype(np.float64)
    scores = np.full(len(similarity), -np.inf, np.float32)
    if len(values):
        spread = values.std()
        scores[taking_part] = (values - values.mean()) / (spread if spread > 0 else 1.0)
    return scores
