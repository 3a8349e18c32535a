"""An encoder made of an image network and a text network over one space."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch

from mediaindex.embed.batching import BatchedNetwork
from mediaindex.embed.encoder import no_scorer
from mediaindex.media import FrameEmbeddings, QueryFeatures
from mediaindex_models.region_records import FLAT, packed

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from torch import Tensor, nn

    from mediaindex.embed.encoder import EncoderSpec
    from mediaindex_models.late_interaction_numpy import AskedText, NumpyLateInteraction

_PICTURES_PREPARED = 128
_PICTURES_ON_GPU = 64
_TEXTS = 64


@dataclass(frozen=True, slots=True, eq=False)
class TokenSources:
    """Where the tokens of an encoder come from.

    Attributes:
        weights: the file of its weights, beside which its scorer lies.
        image_blocks, text_blocks: of its towers, None where one is no transformer.
    """

    weights: Path
    image_blocks: Sequence[nn.Module] | None
    text_blocks: Sequence[nn.Module] | None


class TwoTowers:
    """The Encoder over the networks of any library.

    Args:
        images: prepared pictures → vectors (B, D), and evidence (B, E) where the spec names it.
        texts: token numbers (B, T) and mask (B, T) → pooled (B, D), and token vectors (B, T, D)
            where the spec has them.
        prepare: pictures (H, W, 3) → one tensor (B, ...).
        tokenise: texts → token numbers (B, T) and mask (B, T) bool, True = real.
        ask: gives `asked`; None for an encoder without a scorer, or with one that is `scorer`.
        scorer: its text side, for which `texts` gives the states (B, T, D) of two depths last.

    With `spec.scorer`, `images` gives the numbers of `region_records` last, (B, FLAT).
    """

    def __init__(
        self,
        spec: EncoderSpec,
        *,
        images: BatchedNetwork,
        texts: BatchedNetwork,
        prepare: Callable[[Sequence[NDArray[np.uint8]]], Tensor],
        tokenise: Callable[[Sequence[str]], tuple[Tensor, Tensor]],
        ask: Callable[[str], AskedText] | None = None,
        scorer: NumpyLateInteraction | None = None,
    ) -> None:
        self._ask = ask
        self._scorer = scorer
        self.spec = spec
        self.sources: TokenSources | None = None
        """Of its tokens; the family that made it sets them, where a scorer may lie beside its weights."""
        self._images = images
        self._texts = texts
        self._prepare = prepare
        self._tokenise = tokenise

    @property
    def device(self) -> str:
        """Where pictures are embedded now."""
        return self._images.device

    def images(self, pictures: Sequence[NDArray[np.uint8]]) -> FrameEmbeddings:
        """Vectors (B, D) float32, evidence (B, E) float16 and records of regions (B, W) of B pictures."""
        step = -(-_PICTURES_PREPARED // self.spec.batch) * self.spec.batch
        runs = [
            self._images(self._prepare(pictures[start : start + step]))
            for start in range(0, len(pictures), step)
        ]
        vectors = _joined([run[0] for run in runs], self.spec.dim)
        evidence = regions = None
        if self.spec.evidence_dim is not None:
            evidence = _joined([run[1] for run in runs], self.spec.evidence_dim).astype(np.float16)
        if self.spec.scorer is not None:
            regions = packed(_joined([run[-1] for run in runs], FLAT))
        return FrameEmbeddings(vectors, evidence, regions)

    def texts(self, texts: Sequence[str], *, tokens: bool = False) -> QueryFeatures:
        """Pooled vectors (B, D) of B texts, with token vectors (B, T, D), zero where masked."""
        if not texts:
            return QueryFeatures(_joined([], self.spec.dim))
        numbers, mask = self._tokenise(texts)
        pooled, *states = self._texts(numbers, mask)
        if not (tokens and self.spec.has_tokens):
            return QueryFeatures(pooled.numpy())
        return QueryFeatures(pooled.numpy(), (states[0] * mask[..., None]).numpy(), mask.numpy())

    def tokenised(self, texts: Sequence[str]) -> tuple[Tensor, Tensor]:
        """Token numbers and mask, (B, T) each, of B ≥ 1 texts, as they are read."""
        return self._tokenise(texts)

    def token_counts(self, texts: Sequence[str]) -> list[int]:
        """How many tokens are read of each text, special ones included."""
        if not texts:
            return []
        counts: list[int] = self._tokenise(texts)[1].sum(dim=1).tolist()
        return counts

    def asked(self, text: str) -> AskedText:
        """One text, to be compared with the records of regions.

        Raises:
            EncoderMismatch: the encoder has no scorer.
        """
        if self._ask is not None:
            return self._ask(text)
        if self._scorer is None:
            raise no_scorer(self.spec.name)
        numbers, mask = self._tokenise([text])
        *_, shallow, last = self._texts(numbers, mask)
        real = mask[0]
        return self._scorer.asked(last[0][real].numpy(), shallow[0][real].numpy())


def pictures_in_batch(device: str, *, on_cpu: int) -> int:
    """How many pictures go through an image network at once on a device."""
    return on_cpu if device == "cpu" else _PICTURES_ON_GPU


def batched_towers(
    spec: EncoderSpec,
    *,
    device: str,
    image_network: Callable[[], nn.Module],
    text_network: Callable[[], nn.Module],
    prepare: Callable[[Sequence[NDArray[np.uint8]]], Tensor],
    tokenise: Callable[[Sequence[str]], tuple[Tensor, Tensor]],
    ask: Callable[[str], AskedText] | None = None,
    scorer: NumpyLateInteraction | None = None,
) -> TwoTowers:
    """The encoder of two networks, each of which is built when it is first called.

    Args:
        image_network, text_network: build what `TwoTowers` calls `images` and `texts`.
        prepare, tokenise, ask, scorer: as for `TwoTowers`.
    """
    network = partial(BatchedNetwork, device=device, name=spec.name)
    return TwoTowers(
        spec,
        images=network(image_network, size=spec.batch, padded=True),
        texts=network(text_network, size=_TEXTS, padded=False),
        prepare=prepare,
        tokenise=tokenise,
        ask=ask,
        scorer=scorer,
    )


def _joined(parts: Sequence[Tensor], width: int) -> NDArray[np.float32]:
    joined: NDArray[np.float32] = torch.cat([torch.empty(0, width), *parts]).numpy()
    return joined
