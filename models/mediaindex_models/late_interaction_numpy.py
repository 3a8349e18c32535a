"""Late interaction in plain numpy: what `late_interaction` computes for one text, without torch."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from mediaindex_models.region_records import RECORD_BYTES, WIDTH, unpacked
from mediaindex_models.text_tower_numpy import gelu

HIDDEN = 256
BEST_FRAMES = 3
"""So many frames of a segment speak for it, those that fit the text best."""

_NORM_EPSILON = 1e-5
_SHORTEST = 1e-12
_LARGEST_SHARPNESS = np.float32(80.0)
_LOGIT_UNIT = np.float32(20.0)

Array = NDArray[np.float32]


class NumpyRegions(NamedTuple):
    """Stored evidence of K pictures: directions (K, R, D) unit, weights (K, R), pooled (K, D) unit."""

    directions: Array
    weights: Array
    pooled: Array


class NumpyWords(NamedTuple):
    """One text: directions (T, D) unit, weights (T,), pooled (D,) unit."""

    directions: Array
    weights: Array
    pooled: Array


class NumpyLateInteraction:
    """The text side and the comparison.

    Args:
        weights: by the names of `late_interaction.LateInteraction`; those of the region side are not read.
    """

    def __init__(self, weights: Mapping[str, Array]) -> None:
        self.weights = weights
        self._sharpness = np.minimum(np.exp(weights["log_sharpness"]), _LARGEST_SHARPNESS)

    def with_weights(self, others: Mapping[str, Array]) -> NumpyLateInteraction:
        """The same scorer with other weights in the place of some.

        Raises:
            ValueError: it has no such weights, or of another shape; names the first.
        """
        for name in sorted(others):
            own = self.weights[name].shape if name in self.weights else None
            if others[name].shape != own:
                raise ValueError(f"{name} is {others[name].shape}, should be {own}")
        return NumpyLateInteraction({**self.weights, **others})

    def words(self, tokens: Array, shallow_tokens: Array) -> NumpyWords:
        """States (T, 384) of the pieces of one text, after the last and the fourth layer → what it says."""
        mean, shallow = tokens.mean(axis=0), shallow_tokens.mean(axis=0)
        pieces = _normed(np.concatenate([shallow_tokens, tokens], axis=1))
        relevance = self._linear("words.weight", pieces)[:, 0]
        weights = np.exp(relevance - relevance.max())
        said = np.concatenate([8 * _unit(mean), np.float32(1.5) * shallow, np.float32(1.5) * mean])
        return NumpyWords(
            _unit(self._hidden("words.direction", pieces)),
            weights / weights.sum(),
            _unit(self._hidden("words.pooled", said)),
        )

    def agreements(self, words: NumpyWords, regions: NumpyRegions) -> Array:
        """L1, L2 and L3, (K, 3)."""
        near = np.exp(self._sharpness * (regions.directions @ words.directions.T))  # (K, R, T)
        by_words = np.log(near.sum(axis=1)) @ words.weights
        by_regions = (np.log(near.sum(axis=2)) * regions.weights).sum(axis=1)
        whole = regions.pooled @ words.pooled
        return np.stack([by_words / self._sharpness, by_regions / self._sharpness, whole], axis=1)

    def logits(self, agreements: Array) -> Array:
        """(…, 3) → (…)."""
        logits: Array = _LOGIT_UNIT * (agreements @ self.weights["gains"])
        return logits

    def asked(self, tokens: Array, shallow_tokens: Array) -> AskedText:
        """One text, to be compared with stored frames; arguments as in `words`."""
        return AskedText(self, tokens, shallow_tokens)

    def _hidden(self, name: str, x: Array) -> Array:
        return self._linear(f"{name}.4", gelu(self._linear(f"{name}.1", x)))

    def _linear(self, name: str, x: Array) -> Array:
        y: Array = x @ self.weights[f"{name}.weight"].T + self.weights[f"{name}.bias"]
        return y


def text_shapes(states: int) -> dict[str, tuple[int, ...]]:
    """The shape of every weight that `NumpyLateInteraction` reads, by its name.

    Args:
        states: numbers of a word piece: twice the width of the text network.
    """
    said = states // 2 * 3
    shapes: dict[str, tuple[int, ...]] = {"log_sharpness": (), "gains": (3,)}
    shapes |= {"words.weight.weight": (1, states), "words.weight.bias": (1,)}
    for name, inside in (("words.direction", states), ("words.pooled", said)):
        shapes |= {f"{name}.1.weight": (HIDDEN, inside), f"{name}.1.bias": (HIDDEN,)}
        shapes |= {f"{name}.4.weight": (WIDTH, HIDDEN), f"{name}.4.bias": (WIDTH,)}
    return shapes


class Heard(NamedTuple):
    """What a scorer says of K segments.

    Attributes:
        numbers: (K, 4), L1, L2, L3 and −hub, the mean of a segment's best frames, NaN where none says any.
        records: (K, B, 2340) of these B ≤ `BEST_FRAMES` frames.
    """

    numbers: Array
    records: NDArray[np.uint8]


class AskedText:
    """A text of which a scorer is asked how well frames agree with it.

    Attributes:
        scorer: that is asked. tokens, shallow_tokens: (T, D), as for `NumpyLateInteraction.words`.
    """

    def __init__(self, scorer: NumpyLateInteraction, tokens: Array, shallow_tokens: Array) -> None:
        self.scorer = scorer
        self.tokens, self.shallow_tokens = tokens, shallow_tokens
        self._words = scorer.words(tokens, shallow_tokens)

    def with_weights(self, others: Mapping[str, Array]) -> AskedText:
        """The text as the scorer hears it with other weights in the place of some.

        Raises:
            ValueError: see `NumpyLateInteraction.with_weights`.
        """
        return AskedText(self.scorer.with_weights(others), self.tokens, self.shallow_tokens)

    def heard(self, records: NDArray[np.uint8]) -> Heard:
        """What the scorer says of K segments by the best frames of each.

        Args:
            records: (K, F, 2340) of `region_records`, zeros where a segment has no further frame.
        """
        segments, frames = records.shape[:2]
        rows = np.flatnonzero(records.any(axis=2))
        stored = unpacked(records.reshape(-1, RECORD_BYTES)[rows])
        of_frames = np.full((segments * frames, 4), np.nan, np.float32)
        agreements = self.scorer.agreements(
            self._words, NumpyRegions(stored.directions, stored.weights, stored.pooled)
        )
        known = rows[stored.known]
        of_frames[known] = np.concatenate([agreements, -stored.hubs[:, None]], axis=1)[stored.known]
        fit = np.full(segments * frames, -np.inf, np.float32)
        fit[known] = self.scorer.logits(of_frames[known, :3]) + of_frames[known, 3]
        best = np.argsort(-fit.reshape(segments, frames), axis=1, kind="stable")[:, :BEST_FRAMES, None]
        chosen = np.take_along_axis(of_frames.reshape(segments, frames, 4), best, axis=1)
        counts = np.isfinite(chosen[..., 0]).sum(axis=1)
        sums = np.nansum(chosen, axis=1)
        means: Array = sums / np.where(counts, counts, np.nan).astype(np.float32)[:, None]
        return Heard(means, np.take_along_axis(records, best, axis=1))

    def numbers(self, records: NDArray[np.uint8]) -> Array:
        """L1, L2, L3 and −hub of K segments, (K, 4), as in `heard`."""
        return self.heard(records).numbers


def _unit(x: Array) -> Array:
    unit: Array = x / np.maximum(np.linalg.norm(x, axis=-1, keepdims=True), np.float32(_SHORTEST))
    return unit


def _normed(x: Array) -> Array:
    """Each row with mean 0 and variance 1."""
    centred = x - x.mean(axis=1, keepdims=True)
    normed: Array = centred / np.sqrt(
        np.square(centred).mean(axis=1, keepdims=True) + np.float32(_NORM_EPSILON)
    )
    return normed
