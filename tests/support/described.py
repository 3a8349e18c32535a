"""Described clips of which some are near to every sentence, drawn in a space of few dimensions."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from mediaindex.learn.features.feature_set import Features
from mediaindex.search.channels.similarity import unit

WIDTH = 16


def bank(count: int = 100) -> NDArray[np.float32]:
    """Sentences at large: all of them say something of the first direction."""
    queries = np.random.default_rng(1).normal(size=(count, WIDTH))
    queries[:, 0] = 3.0
    return unit(queries)


def features(
    count: int,
    split: str = "test",
    *,
    seed: int = 0,
    hubs: float = 0.0,
    noise: float = 0.6,
    sources: tuple[str, ...] = ("some",),
) -> Features:
    """Clips of two frames with a caption each.

    Args:
        hubs: how near every tenth is to all sentences. noise: of captions; far above 1 they say nothing.
    """
    random = np.random.default_rng(seed)
    topics = random.normal(size=(count, WIDTH))
    topics[::10, 0] += hubs
    texts = topics + noise * random.normal(size=(count, WIDTH))
    texts[:, 0] = 3.0 if hubs else texts[:, 0]
    names = tuple(f"{split}-{seed}-{number}" for number in range(count))
    return Features(
        paths=names,
        groups=names,
        splits=(split,) * count,
        spans=np.full((count, 2), np.nan),
        frames=np.repeat(topics[:, None], 2, axis=1).astype(np.float16),
        mask=np.ones((count, 2), np.bool_),
        norms=np.ones((count, 2), np.float32),
        seconds=np.tile([0.0, 1.0], (count, 1)),
        evidence=None,
        captions=names,
        sources=tuple(sources[number % len(sources)] for number in range(count)),
        languages=(None,) * count,
        clip=np.arange(count),
        text=texts.astype(np.float16),
        words=None,
        word_mask=None,
    )
