"""The built-in encoder's text tower in plain numpy: what `builtin_head.TextTower` computes, without torch.

The word pieces of all texts are the columns of one matrix (D, N): a linear layer is one product, attention
runs text by text, and nothing is padded or masked. Weights times a few columns take half the time of a few
rows times the transposed weights.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

WIDTH = 384
_LAYERS = 6
_HEADS = 12
_INNER = 1536
_NORM_EPSILON = 1e-12
_SHALLOW_LAYER = 4
# Abramowitz and Stegun, Handbook of Mathematical Functions, 7.1.26: the error function to 1.5e-7
_ERF_SLOPE = 0.3275911
_ERF_POWERS = (1.061405429, -1.453152027, 1.421413741, -0.284496736, 0.254829592)

Array = NDArray[np.float32]
Weights = Mapping[str, Array]


class WordVectors(NamedTuple):
    """One vector for each word piece, as stored: a text needs few of them.

    Attributes:
        rows: (V, D) int8. scale: (V,), by which a row is multiplied.
    """

    rows: NDArray[np.int8]
    scale: NDArray[np.float16]

    def of(self, pieces: Sequence[int]) -> Array:
        """The vectors of N pieces as columns, (D, N)."""
        numbers = np.asarray(pieces)
        vectors: Array = self.rows[numbers].T.astype(np.float32)
        vectors *= self.scale[numbers].astype(np.float32)
        return vectors


class EmbeddedTexts(NamedTuple):
    """What the tower gives for B texts.

    Attributes:
        pooled: (B, D). tokens: of each text its token vectors, (T, D).
        states, shallow_states: of each text the hidden states of its pieces after the last and the fourth
            layer, (T, D): what a scorer reads.
    """

    pooled: Array
    tokens: list[Array]
    states: list[Array]
    shallow_states: list[Array]


class NumpyTextTower:
    """Word pieces to pooled text vectors and token vectors.

    Args:
        weights: by the names of `builtin_head.TextTower`, all but the word vectors, shaped as
            `expected_shapes` says.
    """

    def __init__(self, words: WordVectors, weights: Weights) -> None:
        self._words = words
        self._weights = weights

    def __call__(self, texts: Sequence[Sequence[int]]) -> EmbeddedTexts:
        """Piece numbers of B >= 1 texts → their vectors."""
        ends = np.cumsum([len(pieces) for pieces in texts])
        own = [slice(end - len(pieces), end) for end, pieces in zip(ends.tolist(), texts, strict=True)]
        states = list(self._states(texts, own))
        mean, shallow = _means(states[-1], own), _means(states[_SHALLOW_LAYER - 1], own)
        length = np.linalg.norm(mean, axis=0)
        unit = mean / length
        inside = np.concatenate([8 * unit, 1.5 * shallow, 1.5 * mean])
        residual = self._linear("head.hidden.2", gelu(self._linear("head.hidden.0", inside)))
        tokens = [(states[-1][:, columns] / length[i] + residual[:, [i]]).T for i, columns in enumerate(own)]
        last, fourth = (
            [layer[:, columns].T for columns in own] for layer in (states[-1], states[_SHALLOW_LAYER - 1])
        )
        return EmbeddedTexts(np.ascontiguousarray((unit + residual).T), tokens, last, fourth)

    def _states(self, texts: Sequence[Sequence[int]], own: Sequence[slice]) -> Iterator[Array]:
        """The hidden states after each layer, (D, N)."""
        places = self._weights["sentence.place.weight"].T
        x = np.concatenate([self._words.of(pieces) + places[:, : len(pieces)] for pieces in texts], axis=1)
        x = self._norm("sentence.norm", x + self._weights["sentence.kind"][:, None])
        for layer in range(_LAYERS):
            block = f"sentence.blocks.{layer}"
            q, k, v = (self._linear(f"{block}.{name}", x) for name in "qkv")
            attended = np.concatenate([_attention(q[:, t], k[:, t], v[:, t]) for t in own], axis=1)
            x = self._norm(f"{block}.n1", x + self._linear(f"{block}.o", attended))
            inner = gelu(self._linear(f"{block}.f1", x))
            x = self._norm(f"{block}.n2", x + self._linear(f"{block}.f2", inner))
            yield x

    def _linear(self, name: str, x: Array) -> Array:
        y: Array = self._weights[f"{name}.weight"] @ x
        y += self._weights[f"{name}.bias"][:, None]
        return y

    def _norm(self, name: str, x: Array) -> Array:
        """Each column with mean 0 and variance 1, then scaled and moved."""
        centred: Array = x - x.mean(axis=0)
        centred /= np.sqrt(np.square(centred).mean(axis=0) + _NORM_EPSILON)
        centred *= self._weights[f"{name}.weight"][:, None]
        centred += self._weights[f"{name}.bias"][:, None]
        return centred


def expected_shapes(*, places: int, hidden: int) -> dict[str, tuple[int, ...]]:
    """The shape of every weight by its name, word vectors aside.

    Args:
        places: word pieces of the longest text. hidden: units of the head's hidden layer.
    """
    shapes: dict[str, tuple[int, ...]] = {
        "sentence.place.weight": (places, WIDTH),
        "sentence.kind": (WIDTH,),
        **_norm_shapes("sentence.norm"),
        **_linear_shapes("head.hidden.0", 3 * WIDTH, hidden),
        **_linear_shapes("head.hidden.2", hidden, WIDTH),
    }
    for layer in range(_LAYERS):
        block = f"sentence.blocks.{layer}"
        for name in "qkvo":
            shapes |= _linear_shapes(f"{block}.{name}", WIDTH, WIDTH)
        shapes |= _linear_shapes(f"{block}.f1", WIDTH, _INNER) | _linear_shapes(f"{block}.f2", _INNER, WIDTH)
        shapes |= _norm_shapes(f"{block}.n1") | _norm_shapes(f"{block}.n2")
    return shapes


def _linear_shapes(name: str, inside: int, outside: int) -> dict[str, tuple[int, ...]]:
    return {f"{name}.weight": (outside, inside), f"{name}.bias": (outside,)}


def _norm_shapes(name: str) -> dict[str, tuple[int, ...]]:
    return {f"{name}.weight": (WIDTH,), f"{name}.bias": (WIDTH,)}


def _means(x: Array, own: Sequence[slice]) -> Array:
    """The mean column of each of B texts, (D, B)."""
    return np.stack([x[:, columns].mean(axis=1) for columns in own], axis=1)


def _attention(q: Array, k: Array, v: Array) -> Array:
    """Attention of one text over its own pieces, (D, T) each → (D, T)."""
    q, k, v = (x.reshape(_HEADS, -1, x.shape[1]) for x in (q, k, v))  # (heads, D / heads, T)
    scores = q.transpose(0, 2, 1) @ k / np.float32(np.sqrt(q.shape[1]))  # (heads, T, T)
    shares = np.exp(scores - scores.max(axis=-1, keepdims=True))
    shares /= shares.sum(axis=-1, keepdims=True)
    attended: Array = v @ shares.transpose(0, 2, 1)
    return attended.reshape(WIDTH, -1)


def gelu(x: Array) -> Array:
    """x times the normal distribution function of x, to 1.5e-7 of it."""
    return x * np.float32(0.5) * (1 + _erf(x * np.float32(np.sqrt(0.5))))


def _erf(x: Array) -> Array:
    size = np.abs(x)
    t = 1 / (1 + np.float32(_ERF_SLOPE) * size)
    polynomial = np.zeros_like(t)
    for factor in _ERF_POWERS:
        polynomial += np.float32(factor)
        polynomial *= t
    return np.copysign(1 - polynomial * np.exp(-np.square(size)), x)
