"""Clips and the captions that describe them, as vectors, with a similarity like that of a search."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mediaindex.learn.features.feature_set import Features
from mediaindex.search.channels.similarity import unit
from mediaindex.store.mapped.scores import BEST_FRAMES

_TEXTS_AT_ONCE = 128

Matrix = NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class DescribedClips:
    """C clips and their T texts, those of a clip one after another.

    Attributes:
        frames: (C, F, D) unit, zeros where `mask` (C, F) is false.
        means: (C, D) unit, the mean frame of each.
        group: (C,) numbers of what the clips are of; clips of one film share theirs.
        half: (C,) 0 or 1, by the name of the group.
        texts: (T, D) unit. of: (T,) the clip of each. captions, sources: T.
    """

    frames: Matrix
    mask: NDArray[np.bool_]
    means: Matrix
    group: NDArray[np.int64]
    half: NDArray[np.int64]
    texts: Matrix
    of: NDArray[np.int64]
    captions: tuple[str, ...]
    sources: tuple[str, ...]

    @classmethod
    def of_features(cls, features: Features, *, captions: int | None = None) -> DescribedClips:
        """All clips of some features.

        Args:
            captions: so many of the first of each clip, None for all.
        """
        mask, of = features.mask, features.clip.astype(np.int64)
        place = np.arange(len(of)) - np.searchsorted(of, of)  # of each caption among those of its clip
        texts = np.flatnonzero(place < (len(of) if captions is None else captions))
        frames = unit(features.frames.astype(np.float32)) * mask[..., None]
        numbers = {name: place for place, name in enumerate(dict.fromkeys(features.groups))}
        group = np.array([numbers[name] for name in features.groups], np.int64)
        halves = np.array([half_of(name) for name in numbers], np.int64)
        return cls(
            frames,
            mask,
            unit(frames.sum(axis=1)),
            group,
            halves[group],
            unit(features.text[texts].astype(np.float32)),
            of[texts],
            tuple(features.captions[text] for text in texts),
            tuple(features.sources[text] for text in texts),
        )

    def __len__(self) -> int:
        return len(self.frames)

    def similarities(self, queries: Matrix, *, blend: float) -> Matrix:
        """(Q, C) as a search has them of segments: the mean of the three best frames, and the mean frame.

        Args:
            queries: (Q, D) unit. blend: w, 0..1.
        """
        counted = np.minimum(self.mask.sum(axis=1), BEST_FRAMES)
        parts = [np.empty((0, len(self)), np.float32)]
        for start in range(0, len(queries), _TEXTS_AT_ONCE):
            some = queries[start : start + _TEXTS_AT_ONCE]
            cosines = np.tensordot(some, self.frames, axes=(1, 2))
            best = np.sort(np.where(self.mask, cosines, -np.inf), axis=2)[:, :, -BEST_FRAMES:]
            of_best = np.where(np.isfinite(best), best, 0.0).sum(axis=2) / counted
            parts.append((blend * of_best + (1.0 - blend) * (some @ self.means.T)).astype(np.float32))
        return np.concatenate(parts)

    def fitting(self) -> NDArray[np.bool_]:
        """(T, C) whether a person would say that a text fits a clip: it is its own, or one like it.

        Another clip may show the same, so "not the one" is not "wrong". It counts as right if one of its
        captions is as similar to the text as two captions of one clip are in the median. Where no clip has
        two captions, its own texts alone fit it.
        """
        first = np.flatnonzero(np.diff(self.of, prepend=-1))
        fits = np.zeros((len(self.texts), len(self)), np.bool_)
        alike = self.likeness()
        if alike is not None:
            for start in range(0, len(self.texts), _TEXTS_AT_ONCE):
                rows = slice(start, start + _TEXTS_AT_ONCE)
                cosines = self.texts[rows] @ self.texts.T
                fits[rows, self.of[first]] = np.maximum.reduceat(cosines, first, axis=1) >= alike
        fits[np.arange(len(self.of)), self.of] = True
        return fits

    def likeness(self) -> float | None:
        """The cosine of two captions of one clip, in the median; None where no clip has two."""
        cosines = []
        for own in np.split(self.texts, np.flatnonzero(np.diff(self.of)) + 1):
            between = own @ own.T
            cosines.append(between[~np.eye(len(own), dtype=np.bool_)])
        every = np.concatenate(cosines) if cosines else np.empty(0)
        return float(np.median(every)) if len(every) else None


def half_of(name: str) -> int:
    """0 or 1, by a hash of the name of a group: always the same one."""
    return hashlib.sha256(name.encode("utf-8", "surrogateescape")).digest()[0] % 2
