"""Similarities of few segments in single precision, and their best frames.

`store.mapped.scores` says what a similarity is. Cosines of the whole library have half precision;
`exact_similarities` computes those of few segments in single precision, equal to the last digits on every
machine.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from mediaindex.store.mapped.scores import SegmentScorer
from mediaindex.store.mapped.segments import ranges
from mediaindex.store.mapped.snapshot import SpaceSnapshot

HALF_PRECISION = 1e-3
"""By so much may a similarity from half-precision cosines be off."""


def exact_similarities(
    space: SpaceSnapshot, segments: NDArray[np.intp], query: NDArray[np.float32], *, blend: float
) -> NDArray[np.float32]:
    """Similarity of some segments in single precision, (S,).

    Args:
        segments: places in the space's table. query: (D,) unit.
    """
    rows, near = _alone(space, segments)
    return SegmentScorer.of(near).similarities(space.take(rows) @ query, blend=blend)


def similarities_of_texts(
    space: SpaceSnapshot, segments: NDArray[np.intp], texts: NDArray[np.float32], *, blend: float
) -> NDArray[np.float32]:
    """Similarity of each of some texts to each of some segments, (M, S).

    Args:
        segments: places in the space's table. texts: (M, D) unit.
    """
    rows, near = _alone(space, segments)
    return SegmentScorer.of(near).similarities(texts @ space.take(rows).T, blend=blend)


def _alone(space: SpaceSnapshot, segments: NDArray[np.intp]) -> tuple[NDArray[np.int64], NDArray[np.void]]:
    """The rows on which the similarity of some segments depends, and their table over these rows alone."""
    table = space.segments[segments]
    first = np.minimum(table["row"], table["around"])
    behind = np.maximum(table["row"] + table["frames"], table["around"] + table["frames_around"])
    rows = np.unique(ranges(first, behind - first))
    near = table.copy()
    near["row"], near["around"] = np.searchsorted(rows, table["row"]), np.searchsorted(rows, table["around"])
    return rows, near


def best_frames(space: SpaceSnapshot, segments: Sequence[int], query: NDArray[np.float32]) -> list[int]:
    """The ordinal of the most similar frame in each of some segments."""
    table = space.segments[np.array(segments, np.intp)]
    cosines = space.take(ranges(table["row"], table["frames"])) @ query
    own = np.split(cosines, np.cumsum(table["frames"])[:-1])
    offsets = [int(np.argmax(part)) for part in own[: len(segments)]]
    return [first + offset for first, offset in zip(table["first_frame"].tolist(), offsets, strict=True)]


def unit(vectors: NDArray[np.floating]) -> NDArray[np.float32]:
    """Rows scaled to length one; a row of zeros stays."""
    rows = np.asarray(vectors, dtype=np.float32)
    scaled: NDArray[np.float32] = rows / np.maximum(np.linalg.norm(rows, axis=-1, keepdims=True), 1e-12)
    return scaled.astype(np.float32, copy=False)
