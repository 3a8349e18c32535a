"""What a text tower gives for the word pieces of many captions, one behind the other, without padding."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from mediaindex_models.minilm import SentenceStates


@dataclass(frozen=True, slots=True, eq=False)
class CaptionStates:
    """States of two depths for C captions.

    Attributes:
        mean, shallow: (C, D), means over the pieces of the last and of the shallow depth.
        tokens: (P, 2, D) of all pieces, of the shallow and of the last depth. first: (C + 1,) rows of each.
    """

    mean: Tensor
    shallow: Tensor
    tokens: NDArray[np.float16]
    first: NDArray[np.int64]

    def some(self, rows: NDArray[np.intp]) -> CaptionStates:
        """Those of some captions."""
        bounds = self.first.tolist()
        pieces = [np.arange(bounds[row], bounds[row + 1]) for row in rows.tolist()]
        first = np.cumsum([0, *map(len, pieces)])
        return CaptionStates(self.mean[rows], self.shallow[rows], self.tokens[np.concatenate(pieces)], first)

    def states(self, rows: NDArray[np.intp]) -> tuple[SentenceStates, Tensor]:
        """States of some captions, padded, and their mask (B, T) bool."""
        lengths = self.first[rows + 1] - self.first[rows]
        place = np.arange(lengths.max())
        mask = place < lengths[:, None]
        pieces = np.where(mask, self.first[rows][:, None] + place, 0)
        shallow_tokens, tokens = torch.from_numpy(self.tokens[pieces]).float().unbind(2)
        return SentenceStates(tokens, self.mean[rows], self.shallow[rows], shallow_tokens), torch.from_numpy(
            mask
        )

    def of_text(self, row: int) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """The states (T, D) of the pieces of one caption, of the shallow and of the last depth."""
        own = self.tokens[self.first[row] : self.first[row + 1]].astype(np.float32)
        return own[:, 0], own[:, 1]
