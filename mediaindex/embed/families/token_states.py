"""What two transformers hold: patch tokens of pictures as cells, and states of the word pieces of texts.

A scorer of regions is trained on them. They are read by hooks in the passes that embed, at the places at
which `patch_scorer` reads them when the scorer is there.
"""

from __future__ import annotations

from collections.abc import Sequence
from types import TracebackType
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from mediaindex.embed.encoder import Encoder
from mediaindex.embed.families.patch_scorer import BlockStates, text_places
from mediaindex.embed.families.two_towers import TokenSources, TwoTowers
from mediaindex.errors import EncoderMismatch, EncoderUnavailable
from mediaindex_models.errors import UnfitInput
from mediaindex_models.patch_cells import depths_of, patches_in_cells

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

TEXTS_AT_ONCE = 32


def token_sources(encoder: Encoder) -> TokenSources:
    """Where an encoder keeps its weights, and the blocks of its towers.

    Raises:
        EncoderMismatch: it has no tokens of patches and words, or brings a scorer of its own.
    """
    sources = encoder.sources if isinstance(encoder, TwoTowers) else None
    if sources is None:
        raise EncoderMismatch(f"the encoder {encoder.spec.name} takes no scorer beside its weights")
    if not sources.image_blocks or not sources.text_blocks:
        raise EncoderMismatch(f"the encoder {encoder.spec.name} has no tokens of patches and words")
    return sources


class TokenStates:
    """Reads an encoder's tokens; a context manager, which takes its hooks away again.

    Raises:
        EncoderMismatch: as `token_sources`.
    """

    def __init__(self, encoder: Encoder) -> None:
        sources = token_sources(encoder)
        assert isinstance(encoder, TwoTowers)
        assert sources.image_blocks is not None
        assert sources.text_blocks is not None
        self._encoder = encoder
        self._images = BlockStates(sources.image_blocks, depths_of(len(sources.image_blocks)))
        self._texts = BlockStates(sources.text_blocks, text_places(len(sources.text_blocks)))

    def __enter__(self) -> TokenStates:
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        self._images.remove()
        self._texts.remove()

    def cells(self, pictures: Sequence[NDArray[np.uint8]]) -> list[Tensor]:
        """Of each of three depths, (B, 16, D) float32 of B ≥ 1 pictures.

        Raises:
            EncoderMismatch: its tokens are no square of patches.
        """
        parts = []
        for start in range(0, len(pictures), self._encoder.spec.batch):
            some = pictures[start : start + self._encoder.spec.batch]
            self._encoder.images(some)
            parts.append([self._in_cells(tokens, len(some)) for tokens in self._images.take()])
        return [torch.cat(depth) for depth in zip(*parts, strict=True)]

    def states(self, texts: Sequence[str]) -> list[tuple[Tensor, Tensor]]:
        """Of each text its pieces after the shallow and the last block, (T, D) float32 each."""
        found: list[tuple[Tensor, Tensor]] = []
        for start in range(0, len(texts), TEXTS_AT_ONCE):
            some = texts[start : start + TEXTS_AT_ONCE]
            mask = self._encoder.tokenised(some)[1]
            self._encoder.texts(some)
            shallow, last = (self._whole(states, len(some)) for states in self._texts.take())
            found += [(shallow[row][real], last[row][real]) for row, real in enumerate(mask)]
        return found

    def _in_cells(self, tokens: Tensor, count: int) -> Tensor:
        try:
            return patches_in_cells(self._whole(tokens, count))
        except UnfitInput as error:
            raise EncoderMismatch(f"{self._encoder.spec.name}: {error}") from error

    def _whole(self, states: Tensor, count: int) -> Tensor:
        """The states of all rows of a batch, without those that filled it up."""
        if len(states) < count:  # memory was short, and the batch went through in parts
            raise EncoderUnavailable(f"{self._encoder.spec.name} needs more memory; take --device cpu")
        return states[:count].detach().to("cpu", torch.float32)
