"""The built-in encoder for texts alone, without torch: what a question from the command line needs.

Loading torch costs more processor time than all else that such a question does; docs/benchmarks/startup.md
has the figures, and those of onnxruntime. The vectors are those of `builtin`, to 1e-5.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from mediaindex.embed.encoder import Arithmetic, not_finite, too_little_memory
from mediaindex.embed.families.builtin_files import (
    FILES,
    TEXT_TENSORS,
    WEIGHTS,
    Tokeniser,
    builtin_spec,
    name_in_text_tower,
    tensors,
    unfit,
)
from mediaindex.media import QueryFeatures
from mediaindex_models.text_tower_numpy import WIDTH, NumpyTextTower, WordVectors, expected_shapes

if TYPE_CHECKING:
    from numpy.typing import NDArray

_TEXTS = 64
_WORDS = "sentence.word.weight"


class BuiltinTexts:
    """The built-in encoder for texts; the network is read at its first use.

    Args:
        arithmetic: of the space's pictures; texts are the same in both.
    """

    def __init__(self, files: Path = FILES, *, arithmetic: Arithmetic = "float32") -> None:
        self.spec = builtin_spec(files, arithmetic=arithmetic)
        self._files = files
        self._tokenise = Tokeniser(files, length=self.spec.text_length)
        self._tower: NumpyTextTower | None = None

    def texts(self, texts: Sequence[str], *, tokens: bool = False) -> QueryFeatures:
        """Pooled vectors (B, D) of B texts, with token vectors (B, T, D), zero where masked.

        Raises:
            EncoderMismatch: the files are damaged.
            EncoderUnavailable: they do not fit into memory.
        """
        if not texts:
            return QueryFeatures(np.empty((0, self.spec.dim), np.float32))
        try:
            pooled, of_tokens = self._embedded(self._tokenise(texts))
        except MemoryError as error:
            raise too_little_memory(self.spec.name) from error
        if not np.isfinite(pooled).all():
            raise not_finite(self.spec.name)
        return QueryFeatures(pooled, *_padded(of_tokens)) if tokens else QueryFeatures(pooled)

    def _embedded(self, rows: Sequence[list[int]]) -> tuple[NDArray[np.float32], list[NDArray[np.float32]]]:
        if self._tower is None:
            self._tower = text_tower(self._files, places=self.spec.text_length)
        pooled, of_tokens = [], []
        for start in range(0, len(rows), _TEXTS):
            vectors, states = self._tower(rows[start : start + _TEXTS])
            pooled.append(vectors)
            of_tokens += states
        return np.concatenate(pooled), of_tokens


def text_tower(files: Path, *, places: int) -> NumpyTextTower:
    """The text network of the files, for texts of at most `places` word pieces.

    Raises:
        EncoderMismatch: they hold other tensors than it has.
    """
    words: WordVectors | None = None
    weights: dict[str, NDArray[np.float32]] = {}
    for stored_name, values, scale in tensors(files / WEIGHTS, TEXT_TENSORS, framework="np"):
        name = name_in_text_tower(stored_name)
        if name == _WORDS and scale is not None:
            words = WordVectors(values, scale)
            continue
        weights[name] = values.astype(np.float32)
        if scale is not None:
            weights[name] *= scale.astype(np.float32).reshape(-1, *[1] * (values.ndim - 1))
    hidden = len(weights.get("head.hidden.0.bias", ()))
    _check(weights, expected_shapes(places=places, hidden=hidden))
    if words is None or words.rows.shape != (len(words.scale), WIDTH):
        raise unfit(f"{_WORDS} is not there as rows with scales")
    return NumpyTextTower(words, weights)


def _check(weights: Mapping[str, NDArray[np.float32]], shapes: Mapping[str, tuple[int, ...]]) -> None:
    """Refuse weights that are missing, superfluous or of another shape."""
    for name in sorted(weights.keys() | shapes.keys()):
        stored = weights[name].shape if name in weights else None
        if stored != shapes.get(name):
            raise unfit(f"{name} has the shape {stored} in place of {shapes.get(name)}")


def _padded(rows: Sequence[NDArray[np.float32]]) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """Token vectors (T, D) of each text as (B, T, D), zero behind its end, and their mask (B, T)."""
    mask = np.arange(max(map(len, rows))) < [[len(row)] for row in rows]
    tokens = np.zeros((*mask.shape, rows[0].shape[1]), np.float32)
    tokens[mask] = np.concatenate(rows)
    return tokens, mask
