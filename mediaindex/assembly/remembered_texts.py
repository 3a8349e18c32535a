"""A text encoder that embeds no sentence twice: each ranking asks the same captions, each letter a query."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from mediaindex.embed.encoder import EncoderSpec, TextEncoder
    from mediaindex.media import QueryFeatures
    from mediaindex_models.late_interaction_numpy import AskedText

TEXTS_KEPT = 512


class RememberedTexts:
    """A text encoder with a memory.

    Args:
        kept: so many of the last sentences are remembered.
    """

    def __init__(self, encoder: TextEncoder, *, kept: int = TEXTS_KEPT) -> None:
        self._encoder = encoder
        self._kept = kept
        self._vectors: OrderedDict[str, NDArray[np.float32]] = OrderedDict()
        self._asked: OrderedDict[str, AskedText] = OrderedDict()

    @property
    def spec(self) -> EncoderSpec:
        """The identity of its embedding space."""
        return self._encoder.spec

    def texts(self, texts: Sequence[str], *, tokens: bool = False) -> QueryFeatures:
        """Embeddings of B texts; with token features they are always made anew."""
        import numpy as np

        from mediaindex.media import QueryFeatures

        if tokens:
            return self._encoder.texts(texts, tokens=True)
        new = [text for text in dict.fromkeys(texts) if text not in self._vectors]
        if new:
            self._vectors |= zip(new, self._encoder.texts(new).pooled, strict=True)
        for text in texts:
            self._vectors.move_to_end(text)
        pooled = [self._vectors[text] for text in texts]
        while len(self._vectors) > self._kept:
            self._vectors.popitem(last=False)
        return QueryFeatures(np.array(pooled, np.float32).reshape(len(texts), self.spec.dim))

    def asked(self, text: str) -> AskedText:
        """One text, to be compared with the evidence of regions.

        Raises:
            EncoderMismatch: see `TextEncoder.asked`.
        """
        if text not in self._asked:
            self._asked[text] = self._encoder.asked(text)
        self._asked.move_to_end(text)
        while len(self._asked) > self._kept:
            self._asked.popitem(last=False)
        return self._asked[text]
