"""The residual generator in plain numpy: one list of one text, as a `Ranker` evaluates it, without torch.

One evaluation of `residual.ResidualDenoiser` (text → video) at the noisiest step from x = 0, and the final
order of `generator.fused`. Whatever does not depend on the list is computed once.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from mediaindex_models.text_tower_numpy import gelu

GAIN_UNIT = np.float32(20.0)
_SHORTEST = np.float32(1e-12)
_SMALLEST_DEVIATION = np.float32(1e-6)

Array = NDArray[np.float32]


class NumpyResidual:
    """The network of one direction, text → video, ready to rank.

    Args:
        weights: by the names of `residual.ResidualDenoiser`, float32.
        steps: of the diffusion that it was trained with. weight: c of the final order.
    """

    def __init__(self, weights: Mapping[str, Array], *, steps: int, weight: float) -> None:
        self._weights = weights
        self._weight = np.float32(weight)
        self._width = weights["pair.text.weight"].shape[1]
        self.numbers = len(weights["number_gains"]) if "number_gains" in weights else 0
        self._condition = self._time(steps - 1)

    def __call__(
        self,
        text: Array,
        frames: Array,
        mask: NDArray[np.bool_],
        score: Array,
        *,
        evidence: Array | None = None,
        numbers: Array | None = None,
    ) -> Array:
        """Final scores (K,) of one list, higher is better.

        Args:
            text: (D,). frames: (K, F, D). mask: (K, F), True at a real frame. score: (K,).
            evidence: (K, F, E) for a network that reads it. numbers: (K, N) likewise.
        """
        query, candidates, agreement = self._pair(text, frames, mask, evidence)
        standardised = _standardised(score)
        said = np.zeros((len(score), 0), np.float32) if numbers is None else numbers
        base = self._weights["score_gain"] * standardised + self._weights["agreement_gain"] * agreement
        if self.numbers:
            base = base + said @ self._weights["number_gains"]
        base = GAIN_UNIT * base
        related = ((query + self._condition) @ self._weights["relation.weight"].T) * (
            candidates + self._condition
        )
        leaning = base if self.numbers else standardised
        attention = _softmax(related.sum(axis=1) * np.float32(len(query) ** -0.5) + leaning)
        context = self._linear("context", attention @ candidates + self._condition)
        own = np.concatenate(
            [
                np.stack([standardised, standardised - standardised.max(), 0 * attention, attention], axis=1),
                _standardised(said.T).T,
                said - said.max(axis=0),
            ],
            axis=1,
        )
        inputs = [query * candidates, candidates, np.broadcast_to(context, candidates.shape), own]
        hidden = gelu(self._linear("hidden", np.concatenate(inputs, axis=1)))
        decoded = hidden @ self._weights["output.weight"][0]
        final: Array = np.add(base + decoded, self._weight * standardised)
        return final

    def _pair(
        self, text: Array, frames: Array, mask: NDArray[np.bool_], evidence: Array | None
    ) -> tuple[Array, Array, Array]:
        """The text (inner,) and K clips (K, inner) in one space, and their agreement (K,)."""
        text = np.divide(text, _lengths(text))
        lengths = _lengths(frames)
        logits = (frames @ text) * (np.exp(self._weights["pair.log_sharpness"]) / lengths)
        weights = _softmax(np.where(mask, logits, np.finfo(np.float32).min)) * mask
        clip = np.einsum("kf,kfd->kd", weights / lengths, frames)
        further = clip
        if evidence is not None:
            further = np.einsum("kf,kfe->ke", weights, evidence)
            further = further / _lengths(further)[:, None]
        of_clip = self._weights["pair.clip.weight"]
        clips = clip @ of_clip[:, : self._width].T + further @ of_clip[:, self._width :].T
        clips += self._weights["pair.clip.bias"]
        agreeing_text = self._linear("pair.agreeing_text", text)
        agreeing = self._linear("pair.agreeing_clip", further)
        lengths_of_both = _lengths(agreeing_text) * _lengths(agreeing)
        cosines: Array = np.divide(agreeing @ agreeing_text, lengths_of_both)
        return self._linear("pair.text", text), clips, cosines

    def _time(self, step: int) -> Array:
        width = self._weights["time.hidden.weight"].shape[1]
        even = np.arange(0, width, 2, dtype=np.float32)
        angles = np.float32(step) * np.exp(even * np.float32(-math.log(10000.0) / width))
        sinusoids = np.stack([np.sin(angles), np.cos(angles)], axis=1).ravel().astype(np.float32)
        hidden = self._linear("time.hidden", sinusoids)
        return self._linear("time.output", np.divide(hidden, 1 + np.exp(-hidden)))

    def _linear(self, name: str, x: Array) -> Array:
        y: Array = x @ self._weights[f"{name}.weight"].T + self._weights[f"{name}.bias"]
        return y


def expected_shapes(
    width: int, *, evidence: int, numbers: int, inner: int, hidden: int
) -> dict[str, tuple[int, ...]]:
    """The shape of every weight by its name; arguments as in `residual.ResidualDenoiser`."""
    further = evidence or width
    shapes: dict[str, tuple[int, ...]] = {"pair.log_sharpness": (), "score_gain": (), "agreement_gain": ()}
    linear = {
        "pair.text": (width, inner),
        "pair.clip": (width + further, inner),
        "pair.agreeing_text": (width, inner),
        "pair.agreeing_clip": (further, inner),
        "time.hidden": (inner, inner),
        "time.output": (inner, inner),
        "context": (inner, inner),
        "hidden": (3 * inner + 4 + 2 * numbers, hidden),
    }
    for name, (inside, outside) in linear.items():
        shapes |= {f"{name}.weight": (outside, inside), f"{name}.bias": (outside,)}
    shapes |= {"relation.weight": (inner, inner), "output.weight": (1, hidden)}
    return shapes | ({"number_gains": (numbers,)} if numbers else {})


def probabilities(
    order: Array, score: Array, *, temperature: float, none_bias: float, none_slope: float
) -> tuple[Array, float]:
    """As `distribution.distribution` of one list: (K,) of the candidates, and that of none of them."""
    candidates = (order - order.max()) / np.float32(temperature)
    none = np.float32(none_bias) + np.float32(none_slope) * score.max()
    shares = _softmax(np.append(candidates, none).astype(np.float32))
    return shares[:-1], float(shares[-1])


def _standardised(values: Array) -> Array:
    """Mean 0 and deviation 1 along the last axis; equal values become zeros."""
    centred = values - values.mean(axis=-1, keepdims=True)
    deviation = np.sqrt(np.square(centred).mean(axis=-1, keepdims=True))
    scaled: Array = centred / np.maximum(deviation, _SMALLEST_DEVIATION)
    return scaled


def _lengths(vectors: Array) -> Array:
    """(…, D) → (…,), never 0."""
    lengths: Array = np.maximum(np.linalg.norm(vectors, axis=-1), _SHORTEST).astype(np.float32)
    return lengths


def _softmax(logits: Array) -> Array:
    shares: Array = np.exp(logits - logits.max(axis=-1, keepdims=True))
    shares /= shares.sum(axis=-1, keepdims=True)
    return shares
