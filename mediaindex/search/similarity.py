"""Similarity without a network: how well a segment answers a query.

similarity = w · the best frames + (1 − w) · the mean frame around, w by space.

CLIPRerank (arXiv 2401.08449) blends the best frame of a clip with its mean frame. Here the best frames
are the three best of the segment, since a single frame is easily similar by chance; and the mean is taken
over the 30 s around the segment, since a shot of a few seconds shows less of what is going on than the
clips on which such scores are measured. docs/benchmarks/score.md has the figures of both.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

BEST_FRAMES = 3
AROUND_SECONDS = 30.0


def similarities(
    frames: NDArray[np.float32],
    seconds: NDArray[np.float64],
    query: NDArray[np.float32],
    bounds: NDArray[np.float64],
    firsts: Sequence[int],
    *,
    blend: float,
) -> NDArray[np.float32]:
    """Similarity of each segment of one video to a query, (S,).

    Args:
        frames: (F, D) unit rows. seconds: (F,) ascending times. query: (D,) unit.
        bounds: (S, 2) start and end of the segments. firsts: (S,) the first frame of each, from 0 on.
        blend: w, 0..1.
    """
    cosines = frames @ query
    sums = np.concatenate([np.zeros((1, frames.shape[1])), np.cumsum(frames, axis=0, dtype=np.float64)])
    around = windows(bounds, float(seconds[-1]))
    first, last = np.searchsorted(seconds, around[:, 0]), np.searchsorted(seconds, around[:, 1], side="right")
    mean = sums[last] - sums[first]
    whole = (mean @ query) / np.maximum(np.linalg.norm(mean, axis=1), 1e-12)
    best = [np.sort(own)[-BEST_FRAMES:].mean() for own in np.split(cosines, firsts[1:])]
    return np.asarray(blend * np.array(best) + (1.0 - blend) * whole, dtype=np.float32)


def windows(bounds: NDArray[np.float64], end: float) -> NDArray[np.float64]:
    """The 30 s around each segment, moved inside 0..end, never less than the segment itself, (S, 2)."""
    middle = bounds.mean(axis=1)
    start = np.clip(middle - AROUND_SECONDS / 2, 0.0, max(0.0, end - AROUND_SECONDS))
    return np.stack(
        [np.minimum(start, bounds[:, 0]), np.maximum(start + AROUND_SECONDS, bounds[:, 1])], axis=1
    )


def unit(vectors: NDArray[np.floating]) -> NDArray[np.float32]:
    """Rows scaled to length one; a row of zeros stays."""
    rows = np.asarray(vectors, dtype=np.float32)
    scaled: NDArray[np.float32] = rows / np.maximum(np.linalg.norm(rows, axis=-1, keepdims=True), 1e-12)
    return scaled.astype(np.float32, copy=False)
