"""Similarity without a network: how well every segment of a library answers a query.

similarity = w · the best frames + (1 − w) · the mean frame around, w by space.

CLIPRerank (arXiv 2401.08449) blends the best frame of a clip with its mean frame. Here the best frames
are the three best of the segment, since a single frame is easily similar by chance; and the mean is taken
over the 30 s around the segment, since a shot of a few seconds shows less of what is going on than the
clips on which such scores are measured. docs/benchmarks/score.md has the figures of both.

All of it follows from the cosines of the frames and from what the segment table holds: no vector is read
twice. Cosines of the whole library have half precision; `exact_similarities` computes those of few segments
in single precision, equal to the last digits on every machine.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mediaindex.store.mapped.segments import ranges
from mediaindex.store.mapped.snapshot import SpaceSnapshot

BEST_FRAMES = 3
HALF_PRECISION = 1e-3
"""By so much may a similarity from half-precision cosines be off."""


@dataclass(frozen=True, slots=True, eq=False)
class SegmentScorer:
    """The columns of a segment table, laid out for one pass over all segments.

    Attributes:
        order: (S,) segments by their number of frames, most first. frames: (S,) these numbers, in that order.
        row: (S,) their first rows, in that order.
        around, behind: (S,) rows of the 30 s around each segment, in the order of the table.
        norm: (S,) the length of the sum of those rows.
    """

    order: NDArray[np.intp]
    frames: NDArray[np.int32]
    row: NDArray[np.int64]
    around: NDArray[np.int64]
    behind: NDArray[np.int64]
    norm: NDArray[np.float32]

    @classmethod
    def of(cls, segments: NDArray[np.void]) -> SegmentScorer:
        """For segments of `store.mapped.segments.SEGMENT`."""
        order = np.argsort(-segments["frames"], kind="stable")
        around = np.ascontiguousarray(segments["around"])
        return cls(
            order,
            segments["frames"][order],
            segments["row"][order],
            around,
            around + segments["frames_around"],
            np.maximum(segments["around_norm"], np.float32(1e-12)),
        )

    def similarities(self, cosines: NDArray[np.float32], *, blend: float) -> NDArray[np.float32]:
        """(S,) of each segment, from the cosines of all rows, (N,).

        Args:
            blend: w, 0..1.
        """
        sums = np.concatenate([[0.0], np.cumsum(cosines, dtype=np.float64)])
        whole = (sums[self.behind] - sums[self.around]) / self.norm
        return np.asarray(blend * self._best(cosines) + (1.0 - blend) * whole, dtype=np.float32)

    def _best(self, cosines: NDArray[np.float32]) -> NDArray[np.float32]:
        """(S,) the mean of the three best frames of each segment, in the order of the table."""
        best = np.full((BEST_FRAMES, len(self.order)), -np.inf, np.float32)
        for place in range(int(self.frames[0]) if len(self.frames) else 0):
            having = int(np.searchsorted(-self.frames, -place))  # segments with more frames than `place`
            value = cosines[self.row[:having] + place]
            for rank in best[:, :having]:
                lower = np.minimum(rank, value)
                np.maximum(rank, value, out=rank)
                value = lower
        counted = np.arange(BEST_FRAMES)[:, None] < self.frames
        mean = np.where(counted, best, 0.0).sum(axis=0) / np.minimum(self.frames, BEST_FRAMES)
        values = np.empty(len(self.order), np.float32)
        values[self.order] = mean
        return values


def exact_similarities(
    space: SpaceSnapshot, segments: NDArray[np.intp], query: NDArray[np.float32], *, blend: float
) -> NDArray[np.float32]:
    """Similarity of some segments in single precision, (S,).

    Args:
        segments: places in the space's table. query: (D,) unit.
    """
    table = space.segments[segments]
    first = np.minimum(table["row"], table["around"])
    behind = np.maximum(table["row"] + table["frames"], table["around"] + table["frames_around"])
    rows = np.unique(ranges(first, behind - first))
    near = table.copy()
    near["row"], near["around"] = np.searchsorted(rows, table["row"]), np.searchsorted(rows, table["around"])
    return SegmentScorer.of(near).similarities(space.take(rows) @ query, blend=blend)


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
