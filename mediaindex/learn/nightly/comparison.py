"""Two nights ranked anew among what both of them had: paired differences, query by query.

A growing gallery lowers recall, and one that loses videos raises it, though nothing else changed. So each
query's rank is counted again on both sides, leaving out the items that only one of the nights had. That is
exact for what is measured here, which looks at the first ten places alone. A query is left out where it
cannot be told: where so many of the 50 kept items before its answer are gone that a place among the first
ten would be a guess. The list of a generator is not made anew: a video that new ones pushed out of the
candidates stays outside.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mediaindex.store.evaluations.query_ranks import QueryRanks

DEPTH = 10
METRICS = ("R@1", "MRR@10")

Numbers = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Paired:
    """The Q queries that two nights had in common.

    Attributes:
        tonight, before: (Q,) ranks from 0 among the common items, DEPTH for any behind the first ten.
        videos: (Q,) what they are about. unknown: queries that were left out.
    """

    tonight: NDArray[np.int64]
    before: NDArray[np.int64]
    videos: NDArray[np.int64]
    unknown: int

    @property
    def is_same(self) -> bool:
        """Whether every query was answered the same."""
        return bool(np.array_equal(self.tonight, self.before))

    def differences(self, metric: str) -> Numbers:
        """Tonight less before, one mean of each video, in [−1, 1]: captions of one are not independent."""
        per_query = _figure(self.tonight, metric) - _figure(self.before, metric)
        _, video = np.unique(self.videos, return_inverse=True)
        return np.asarray(np.bincount(video, weights=per_query) / np.bincount(video), np.float64)


def paired(tonight: QueryRanks, before: QueryRanks) -> Paired:
    """The queries of both nights, each ranked among the items of both."""
    is_same_gallery = np.array_equal(tonight.items, before.items)
    items = None if is_same_gallery else np.intersect1d(tonight.items, before.items)
    _, own, other = np.intersect1d(tonight.queries, before.queries, assume_unique=True, return_indices=True)
    ours, is_ours = _ranks_among(tonight, own, items)
    theirs, is_theirs = _ranks_among(before, other, items)
    known = is_ours & is_theirs
    return Paired(ours[known], theirs[known], tonight.videos[own][known], int((~known).sum()))


def _ranks_among(
    ranks: QueryRanks, rows: NDArray[np.intp], items: NDArray[np.int64] | None
) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Ranks among some items, all where None, DEPTH at the most, and whether each is known."""
    if items is None:
        return np.minimum(ranks.ranks[rows].astype(np.int64), DEPTH), np.ones(len(rows), np.bool_)
    before = ranks.before[rows]
    is_kept = np.append(np.isin(ranks.items, items), False)  # the last for −1, behind the last item
    places = is_kept[before].sum(axis=1)
    all_are_kept = ranks.ranks[rows] <= (before >= 0).sum(axis=1)
    return np.minimum(places, DEPTH), all_are_kept | (places >= DEPTH)


def _figure(ranks: NDArray[np.int64], metric: str) -> Numbers:
    if metric == "MRR@10":
        return np.where(ranks < DEPTH, 1.0 / (1.0 + ranks), 0.0)
    return (ranks < int(metric.removeprefix("R@"))).astype(np.float64)
