"""The cheap scores: how well a segment's frames answer a query.

similarity = w · best frame + (1 − w) · mean frame (CLIPRerank, arXiv 2401.08449), w by space.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def blended(frames: NDArray[np.float32], query: NDArray[np.float32], blend: float) -> float:
    """Similarity of one segment and a query.

    Args:
        frames: (F, D) unit rows. query: (D,) unit. blend: w, 0..1.

    Returns:
        w times the best frame's cosine plus 1 − w times the cosine of the mean frame.
    """
    cosines = frames @ query
    mean = float(np.linalg.norm(frames.mean(axis=0)))
    whole = float(cosines.mean()) / max(mean, 1e-12)
    return blend * float(cosines.max()) + (1.0 - blend) * whole


def unit(vectors: NDArray[np.floating]) -> NDArray[np.float32]:
    """Rows scaled to length one; a row of zeros stays."""
    rows = np.asarray(vectors, dtype=np.float32)
    scaled: NDArray[np.float32] = rows / np.maximum(np.linalg.norm(rows, axis=-1, keepdims=True), 1e-12)
    return scaled.astype(np.float32, copy=False)


def reciprocal_rank(*ranks: int | None, k: int = 60) -> float:
    """Reciprocal rank fusion (Cormack et al., SIGIR 2009): the sum of 1 / (k + rank), ranks from 1."""
    return sum(1.0 / (k + rank) for rank in ranks if rank is not None)
