"""The queries: lists of candidates, and the hidden intentions, one of which the user has in mind.

A gallery is clustered by the mean caption vectors of its pictures, an eighth as many clusters as pictures.
A query's candidates are the nearest K by cosine; its intentions are the clusters with 3 to 8 members among
them, the five nearest to the query. A picture is right if it belongs to the user's intention.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from bench._feedback_pictures import Floats, Numbers, Pictures
from numpy.typing import NDArray

from mediaindex.search.channels.similarity import unit

FEWEST, MOST = 3, 8
INTENTIONS = 5
_PICTURES_A_CLUSTER = 8
_ROUNDS = 15


@dataclass(frozen=True, slots=True, eq=False)
class Lists:
    """B queries with K candidates each.

    Attributes:
        query: (B,) rows of `Pictures.strings`. picture: (B,) the picture whose caption each query is made of.
        candidates: (B, K) pictures, nearest first. scores: (B, K) their cosines, standardised in the list.
        clusters: (B, K) of the candidates; no two galleries share a number.
        intentions: (B, 5) clusters, nearest first, −1 where there are fewer.
    """

    query: Numbers
    picture: Numbers
    candidates: Numbers
    scores: Floats
    clusters: Numbers
    intentions: Numbers

    def __len__(self) -> int:
        return len(self.query)

    def rows(self, chosen: NDArray[np.int64] | slice) -> Lists:
        """Some of the queries."""
        return Lists(*(getattr(self, name)[chosen] for name in self.__slots__))


@dataclass(frozen=True, slots=True, eq=False)
class Questions:
    """Lists of users who have one intention each.

    Attributes:
        intention: (B,) cluster. right: (B, K) bool.
        example: (B,) the right candidate that the user gives as an example.
    """

    lists: Lists
    intention: Numbers
    right: NDArray[np.bool_]
    example: Numbers


def lists_of(pictures: Pictures, part: str, galleries: Sequence[Numbers], *, k: int, seed: int) -> Lists:
    """All queries of the part that have an intention, over galleries of its pictures."""
    parts = []
    for number, gallery in enumerate(galleries):
        clusters = clustered(
            pictures.meanings[gallery], len(gallery) // _PICTURES_A_CLUSTER, seed=seed + number
        )
        centres = unit(
            np.stack([pictures.meanings[gallery[clusters == c]].sum(0) for c in range(clusters.max() + 1)])
        )
        pairs = pictures.query_pairs[part]
        pairs = pairs[np.isin(pairs[:, 0], gallery)]
        offset = number * len(gallery)
        parts.append(_lists_in(pictures, gallery, clusters, centres, pairs, k=k, offset=offset))
    return Lists(*(np.concatenate([getattr(one, name) for one in parts]) for name in Lists.__slots__))


def questions_of(lists: Lists, *, seed: int | Sequence[int], limit: int | None = None) -> Questions:
    """One intention at random and one right candidate at random a query; at most `limit` queries."""
    chance = np.random.default_rng(seed)
    if limit is not None:
        lists = lists.rows(np.sort(chance.permutation(len(lists))[:limit]))
    count = (lists.intentions >= 0).sum(1)
    intention = lists.intentions[np.arange(len(lists)), chance.integers(count)]
    right = lists.clusters == intention[:, None]
    example = np.where(right, chance.random(right.shape), -1.0).argmax(1)
    return Questions(lists, intention, right, example)


def sub_galleries(pictures: Numbers, size: int, count: int, *, seed: int) -> list[Numbers]:
    """Random galleries that overlap; disjoint while they fit."""
    chance = np.random.default_rng(seed)
    if size * count <= len(pictures):
        return np.split(chance.permutation(pictures)[: size * count], count)
    return [chance.choice(pictures, size, replace=False) for _ in range(count)]


def clustered(points: Floats, count: int, *, seed: int) -> Numbers:
    """Spherical k-means: the cluster of each unit row; clusters without a member are not numbered."""
    chance = np.random.default_rng(seed)
    centres = points[chance.choice(len(points), count, replace=False)]
    own = np.zeros(len(points), dtype=np.int64)
    for _ in range(_ROUNDS):
        own = (points @ centres.T).argmax(1)
        sums = np.zeros_like(centres)
        np.add.at(sums, own, points)
        centres = unit(np.where(sums.any(1, keepdims=True), sums, centres))
    return np.unique(own, return_inverse=True)[1]


def _lists_in(
    pictures: Pictures,
    gallery: Numbers,
    clusters: Numbers,
    centres: Floats,
    pairs: Numbers,
    *,
    k: int,
    offset: int,
) -> Lists:
    query_vectors = pictures.strings[pairs[:, 1]]
    cosines = query_vectors @ pictures.vectors[gallery].T
    nearest = np.argsort(-cosines, axis=1, kind="stable")[:, :k]
    top = np.take_along_axis(cosines, nearest, axis=1)
    candidate_clusters = clusters[nearest]  # (B, K)
    members = (candidate_clusters[:, :, None] == np.arange(len(centres))).sum(1)  # (B, C)
    allowed = (members >= FEWEST) & (members <= MOST)
    nearness = np.where(allowed, query_vectors @ centres.T, -np.inf)
    ranked = np.argsort(-nearness, axis=1, kind="stable")[:, :INTENTIONS]
    intentions = np.where(np.take_along_axis(allowed, ranked, axis=1), ranked + offset, -1)
    has_intention = allowed.any(1)
    scores = (top - top.mean(1, keepdims=True)) / (top.std(1, keepdims=True) + 1e-6)
    return Lists(
        pairs[has_intention, 1],
        pairs[has_intention, 0],
        gallery[nearest][has_intention],
        scores[has_intention].astype(np.float32),
        (candidate_clusters + offset)[has_intention],
        intentions[has_intention],
    )
