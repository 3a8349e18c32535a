"""Ranks of a night as they are kept, made from a table of scores."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from mediaindex.learn.evaluation.metrics import items_before, ranks
from mediaindex.store.evaluations.query_ranks import QueryRanks
from mediaindex.store.evaluations.series import Past, SeriesName

SERIES = SeriesName("library", "", "t2v", "instant", "captions")


def kept(
    scores: ArrayLike, *, names: ArrayLike | None = None, queries: ArrayLike | None = None
) -> QueryRanks:
    """Of a square table (N, N) whose diagonal is right.

    Args:
        names: (N,) of the items, 0.. if not given. queries: (M,) rows that are kept, all if not given.
    """
    table = np.asarray(scores, np.float32)
    own = np.arange(len(table)) if queries is None else np.asarray(queries)
    items = np.arange(len(table), dtype=np.int64) if names is None else np.asarray(names, np.int64)
    return QueryRanks(
        items[own],
        items[own],
        ranks(table[own], own).astype(np.int32),
        items,
        items_before(table[own], own),
        table[own].max(axis=1),
    )


def past(*nights: QueryRanks) -> list[Past]:
    """Nights of the past, the newest first; their numbers count from 1 for the oldest."""
    count = len(nights)
    return [Past(count - place, 1e9 + count - place, "digest", None, one) for place, one in enumerate(nights)]


def scores(seed: int, count: int, *, noise: float = 1.0) -> np.ndarray:
    """A table whose diagonal is ahead by 2, with noise."""
    random = np.random.default_rng(seed)
    return 2.0 * np.eye(count) + noise * random.normal(size=(count, count))
