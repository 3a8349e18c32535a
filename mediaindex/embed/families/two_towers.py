"""An encoder made of an image network and a text network over one space."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import numpy as np
import torch

from mediaindex.media import FrameEmbeddings, QueryFeatures

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from torch import Tensor

    from mediaindex.embed.batching import BatchedNetwork
    from mediaindex.embed.encoder import EncoderSpec

_PICTURES_AT_ONCE = 128


class TwoTowers:
    """The Encoder that every library's networks are brought into.

    Args:
        images: prepared pictures → vectors (B, D), and evidence (B, E) where the spec names it.
        texts: token numbers (B, T) and mask (B, T) → pooled (B, D), and token vectors (B, T, D)
            where the spec has them.
        prepare: pictures (H, W, 3) → one tensor (B, ...).
        tokenise: texts → token numbers (B, T) and mask (B, T) bool, True = real.
    """

    def __init__(
        self,
        spec: EncoderSpec,
        *,
        images: BatchedNetwork,
        texts: BatchedNetwork,
        prepare: Callable[[Sequence[NDArray[np.uint8]]], Tensor],
        tokenise: Callable[[Sequence[str]], tuple[Tensor, Tensor]],
    ) -> None:
        self.spec = spec
        self._images = images
        self._texts = texts
        self._prepare = prepare
        self._tokenise = tokenise

    @property
    def device(self) -> str:
        """Where pictures are embedded now."""
        return self._images.device

    def images(self, pictures: Sequence[NDArray[np.uint8]]) -> FrameEmbeddings:
        """Vectors (B, D) float32 and evidence (B, E) float16 of B pictures."""
        step = -(-_PICTURES_AT_ONCE // self.spec.batch) * self.spec.batch
        runs = [
            self._images(self._prepare(pictures[start : start + step]))
            for start in range(0, len(pictures), step)
        ]
        return FrameEmbeddings(
            vectors=_joined([run[0] for run in runs], self.spec.dim),
            evidence=None
            if self.spec.evidence_dim is None
            else _joined([run[1] for run in runs], self.spec.evidence_dim).astype(np.float16),
        )

    def texts(self, texts: Sequence[str], *, tokens: bool = False) -> QueryFeatures:
        """Pooled vectors (B, D) of B texts, with token vectors (B, T, D), zero where masked."""
        if not texts:
            return QueryFeatures(_joined([], self.spec.dim))
        numbers, mask = self._tokenise(texts)
        pooled, *states = self._texts(numbers, mask)
        if not (tokens and self.spec.has_tokens):
            return QueryFeatures(pooled.numpy())
        return QueryFeatures(pooled.numpy(), (states[0] * mask[..., None]).numpy(), mask.numpy())


def _joined(parts: Sequence[Tensor], width: int) -> NDArray[np.float32]:
    joined: NDArray[np.float32] = torch.cat([torch.empty(0, width), *parts]).numpy()
    return joined
