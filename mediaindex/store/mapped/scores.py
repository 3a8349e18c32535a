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

from mediaindex.store.mapped.scan import prefix_sums

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
        sums = prefix_sums(cosines)
        values = self._best(cosines)
        values *= blend
        values += (1.0 - blend) * ((sums[..., self.behind] - sums[..., self.around]) / self.norm)
        return values

    def _best(self, cosines: NDArray[np.float32]) -> NDArray[np.float32]:
        """The mean of the three best frames of each segment, in the order of the table."""
        shape = (*cosines.shape[:-1], len(self.order))
        best = np.empty((BEST_FRAMES, *shape), np.float32)
        own, begin = np.take(cosines, self.row, axis=-1), 0
        for place, having in enumerate(self.having.tolist()):
            value = own[..., begin : begin + having]
            begin += having
            for rank in best[:place, ..., :having]:
                lower = np.minimum(rank, value)
                np.maximum(rank, value, out=rank)
                value = lower
            best[place : place + 1, ..., :having] = value
        total = best[0]
        for rank, having in zip(best[1:], self.having[1:].tolist(), strict=False):
            total[..., :having] += rank[..., :having]
        total /= np.minimum(self.frames, BEST_FRAMES).astype(np.float32)
        values = np.empty(shape, np.float32)
        values[..., self.order] = total
        return values
