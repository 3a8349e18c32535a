"""The similarity of segments to queries, in one pass over the cosines of all rows.

similarity = w · the mean of the three best frames + (1 − w) · the mean frame of the 30 s around

CLIPRerank (arXiv 2401.08449) blends the best frame of a clip with its mean frame. Here the best frames
are three, since a single frame is easily similar by chance; and the mean is taken over the 30 s around the
segment, since a shot of a few seconds shows less of what is going on than the clips on which such scores
are measured. docs/benchmarks/score.md has the figures of both.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

BEST_FRAMES = 3


@dataclass(frozen=True, slots=True, eq=False)
class SegmentScorer:
    """The columns of a segment table, laid out for one pass over all segments.

    Attributes:
        order: (S,) segments by their number of frames, most first. frames: (S,) these numbers, in that order.
        row: of the first frames of all segments, in that order, behind them of the second frames of those
            that have one, and so on. having: (F,) how many have a first, a second … frame.
        around, behind: (S,) rows of the 30 s around each segment, in the order of the table.
        norm: (S,) the length of the sum of those rows.
    """

    order: NDArray[np.intp]
    frames: NDArray[np.int32]
    row: NDArray[np.int64]
    having: NDArray[np.intp]
    around: NDArray[np.int64]
    behind: NDArray[np.int64]
    norm: NDArray[np.float32]

    @classmethod
    def of(cls, segments: NDArray[np.void]) -> SegmentScorer:
        """For segments of `store.mapped.segments.SEGMENT`."""
        order = np.argsort(-segments["frames"], kind="stable")
        frames, first = segments["frames"][order], segments["row"][order]
        places = range(int(frames[0]) if len(frames) else 0)
        having = np.array([np.searchsorted(-frames, -place) for place in places], np.intp)
        rows = [first[:count] + place for place, count in enumerate(having.tolist())]
        around = np.ascontiguousarray(segments["around"])
        return cls(
            order,
            frames,
            np.concatenate([first[:0], *rows]),
            having,
            around,
            around + segments["frames_around"],
            np.maximum(segments["around_norm"], np.float32(1e-12)),
        )

    def similarities(self, cosines: NDArray[np.float32], *, blend: float) -> NDArray[np.float32]:
        """(S,) of each segment to a query, or (M, S) to M queries.

        Args:
            cosines: of all rows, (N,) or (M, N). blend: w, 0..1.
        """
        sums = np.zeros((*cosines.shape[:-1], cosines.shape[-1] + 1))
        np.cumsum(cosines, axis=-1, dtype=np.float64, out=sums[..., 1:])
        whole = (sums[..., self.behind] - sums[..., self.around]) / self.norm
        return np.asarray(blend * self._best(cosines) + (1.0 - blend) * whole, dtype=np.float32)

    def _best(self, cosines: NDArray[np.float32]) -> NDArray[np.float32]:
        """The mean of the three best frames of each segment, in the order of the table."""
        shape = (*cosines.shape[:-1], len(self.order))
        best = np.full((BEST_FRAMES, *shape), -np.inf, np.float32)
        own, begin = cosines[..., self.row], 0
        for having in self.having.tolist():
            value = own[..., begin : begin + having]
            begin += having
            for rank in best[..., :having]:
                lower = np.minimum(rank, value)
                np.maximum(rank, value, out=rank)
                value = lower
        counted = np.arange(BEST_FRAMES).reshape(-1, *(1,) * len(shape)) < self.frames
        mean = np.where(counted, best, 0.0).sum(axis=0) / np.minimum(self.frames, BEST_FRAMES)
        values = np.empty(shape, np.float32)
        values[..., self.order] = mean
        return values
