"""The built-in encoder for texts alone, without torch: what a question from the command line needs.

Loading torch costs more processor time than all else that such a question does; docs/benchmarks/startup.md
has the figures, and those of onnxruntime. The vectors are those of `builtin`, to 1e-5.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from mediaindex.embed.encoder import Arithmetic, no_scorer, not_finite, too_little_memory
from mediaindex.embed.families.builtin_files import (
    FILES,
    NAME,
    SCORER_OF_TEXTS,
    TEXT_HEAD,
    TEXT_TOWER,
    TOWERS,
    HeadFiles,
    Tokeniser,
    builtin_spec,
    head_of,
    name_in_text_tower,
    scorer_of,
    scorer_tensors,
    side_by_side,
    tensors,
    unfit,
)
from mediaindex.media import QueryFeatures
from mediaindex_models.late_interaction_numpy import AskedText, NumpyLateInteraction, text_shapes
from mediaindex_models.text_tower_numpy import (
    WIDTH,
    EmbeddedTexts,
    NumpyTextTower,
    WordVectors,
    expected_shapes,
)

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[np.float32]

_TEXTS = 64
STATES = 2 * WIDTH
"""Numbers of a word piece that the scorer reads."""
_WORDS = "sentence.word.weight"


class BuiltinTexts:
    """The built-in encoder for texts; the network is read at its first use.

    Args:
        name, digest: of its head, see `builtin_files.head_of`.
        arithmetic: of the space's pictures; texts are the same in both.

    Raises:
        EncoderMismatch: there is no such head.
    """

    def __init__(
        self,
        files: Path = FILES,
        *,
        name: str = NAME,
        digest: str | None = None,
        arithmetic: Arithmetic = "float32",
    ) -> None:
        self._head = head_of(files, name, digest)
        self.spec = builtin_spec(files, head=self._head, arithmetic=arithmetic)
        self._files = files
        self._tokenise = Tokeniser(files, length=self.spec.text_length)
        self._tower: NumpyTextTower | None = None
        self._scorer: NumpyLateInteraction | None = None
        self._last: dict[str, tuple[Array, Array]] = {}

    def texts(self, texts: Sequence[str], *, tokens: bool = False) -> QueryFeatures:
        """Pooled vectors (B, D) of B texts, with token vectors (B, T, D), zero where masked.

        Raises:
            EncoderMismatch: the files are damaged.
            EncoderUnavailable: they do not fit into memory.
        """
        if not texts:
            return QueryFeatures(np.empty((0, self.spec.dim), np.float32))
        batches = [self._embedded(texts[start : start + _TEXTS]) for start in range(0, len(texts), _TEXTS)]
        pooled = np.concatenate([batch.pooled for batch in batches])
        of_tokens = [text for batch in batches for text in batch.tokens]
        return QueryFeatures(pooled, *_padded(of_tokens)) if tokens else QueryFeatures(pooled)

    def asked(self, text: str) -> AskedText:
        """One text, to be compared with the records of regions; its states are kept from `texts`.

        Raises:
            EncoderMismatch: the encoder has no scorer, or its file is damaged.
        """
        if self._scorer is None:
            self._scorer = text_scorer(self._files, self.spec.name)
        if text not in self._last:
            self._embedded([text])
        return self._scorer.asked(*self._last[text])

    def _embedded(self, texts: Sequence[str]) -> EmbeddedTexts:
        try:
            if self._tower is None:
                self._tower = text_tower(self._files, self._head, places=self.spec.text_length)
            embedded = self._tower(self._tokenise(texts))
        except MemoryError as error:
            raise too_little_memory(self.spec.name) from error
        if not np.isfinite(embedded.pooled).all():
            raise not_finite(self.spec.name)
        states = zip(embedded.states, embedded.shallow_states, strict=True)
        self._last = dict(zip(texts, states, strict=True))
        return embedded


def text_scorer(files: Path, name: str = NAME) -> NumpyLateInteraction:
    """The scorer of an encoder, as far as a text needs it.

    Raises:
        EncoderMismatch: the encoder has none, or its file is damaged.
    """
    scorer = scorer_of(files, name)
    if scorer is None:
        raise no_scorer(name)
    stored = scorer_tensors(files, scorer, SCORER_OF_TEXTS, framework="np")
    weights = {name: _float32(values, scale) for name, values, scale in stored}
    _check(weights, text_shapes(STATES), scorer.file)
    if not all(np.isfinite(values).all() for values in weights.values()):
        raise unfit(f"{scorer.file} holds what is no number")
    return NumpyLateInteraction(weights)


def text_tower(files: Path, head: HeadFiles, *, places: int) -> NumpyTextTower:
    """The text network of a head, for texts of at most `places` word pieces.

    Raises:
        EncoderMismatch: they hold other tensors than it has.
    """
    words: WordVectors | None = None
    weights: dict[str, NDArray[np.float32]] = {}
    for name, values, scale in tensors(files / TOWERS, TEXT_TOWER, framework="np"):
        if name_in_text_tower(name) == _WORDS and scale is not None:
            words = WordVectors(values, scale)
            continue
        weights[name_in_text_tower(name)] = _float32(values, scale)
    members = [_text_head(files / file) for file in head.members]
    weights |= side_by_side(members, np.concatenate)
    hidden = len(weights.get("head.hidden.0.bias", ()))
    _check(weights, expected_shapes(places=places, hidden=hidden), TOWERS)
    if words is None or words.rows.shape != (len(words.scale), WIDTH):
        raise unfit(f"{_WORDS} is not there as rows with scales")
    return NumpyTextTower(words, weights)


def _text_head(path: Path) -> dict[str, NDArray[np.float32]]:
    """The text head of one file.

    Raises:
        EncoderMismatch: it has other tensors.
    """
    stored = tensors(path, TEXT_HEAD, framework="np")
    return {name_in_text_tower(name): _float32(values, scale) for name, values, scale in stored}


def _float32(values: NDArray[np.generic], scale: NDArray[np.float16] | None) -> NDArray[np.float32]:
    plain = values.astype(np.float32)
    return plain if scale is None else plain * scale.astype(np.float32).reshape(-1, *[1] * (values.ndim - 1))


def _check(weights: Mapping[str, Array], shapes: Mapping[str, tuple[int, ...]], file: str) -> None:
    """Refuse weights that are missing, superfluous or of another shape."""
    for name in sorted(weights.keys() | shapes.keys()):
        stored = weights[name].shape if name in weights else None
        if stored != shapes.get(name):
            raise unfit(f"{name} in {file} has the shape {stored} in place of {shapes.get(name)}")


def _padded(rows: Sequence[NDArray[np.float32]]) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """Token vectors (T, D) of each text as (B, T, D), zero behind its end, and their mask (B, T)."""
    mask = np.arange(max(map(len, rows))) < [[len(row)] for row in rows]
    tokens = np.zeros((*mask.shape, rows[0].shape[1]), np.float32)
    tokens[mask] = np.concatenate(rows)
    return tokens, mask
