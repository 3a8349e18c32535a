"""The same pictures with a weaker encoder, or fewer of them: what the gain of a generator depends on."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from mediaindex.learn.features.feature_set import Features
from mediaindex.learn.training.data import TrainingData, of_clips
from mediaindex.search.channels.similarity import unit


def weakened(data: TrainingData, dimensions: int) -> TrainingData:
    """Frames without all but the first principal directions of the encoder's space.

    Their cosines rank as those of a weaker encoder; texts and evidence, from which a network may learn
    what the ranking lost, stay complete. The directions are those of the training frames and texts, each of
    length 1, around the origin.
    """
    frames, texts = (unit(values.astype(np.float32)) for values in _embeddings(data.train))
    spread = frames.T @ frames / len(frames) + texts.T @ texts / len(texts)
    kept = np.linalg.eigh(spread)[1][:, -dimensions:]
    through = (kept @ kept.T).astype(np.float32)

    def of(share: Features) -> Features:
        frames = (share.frames.astype(np.float32) @ through).astype(share.frames.dtype)
        return replace(share, frames=frames)

    return replace(
        data,
        train=of(data.train),
        validation=of(data.validation),
        test=None if data.test is None else of(data.test),
    )


def thinned(data: TrainingData, share: float, *, seed: int) -> TrainingData:
    """A random share of the training clips; at least two."""
    clips = len(data.train.paths)
    chosen = np.zeros(clips, np.bool_)
    chosen[np.random.default_rng(seed).permutation(clips)[: max(2, round(share * clips))]] = True
    return replace(data, train=of_clips(data.train, chosen))


def _embeddings(features: Features) -> tuple[NDArray[np.floating], NDArray[np.floating]]:
    """Real frames (F, D) and texts (Q, D)."""
    return features.frames[features.mask], features.text
