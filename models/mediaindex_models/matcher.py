"""The first stage as one network: a temporal transformer over frames, then word-frame interaction."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from mediaindex_models.losses import LARGEST_LOGIT_SCALE
from mediaindex_models.similarity import TokenInteraction
from mediaindex_models.temporal import TemporalTransformer


class Matcher(nn.Module):
    """Similarity of texts and clips, learned on the features of a frozen encoder.

    Args:
        width: D. layers, places: of the temporal transformer.
        corrected_padding: of the token-wise interaction.
    """

    def __init__(
        self, width: int, *, layers: int = 4, places: int = 77, corrected_padding: bool = False
    ) -> None:
        super().__init__()
        self.temporal = TemporalTransformer(width, layers=layers, places=places)
        self.interaction = TokenInteraction(width, corrected=corrected_padding)
        self.log_scale = nn.Parameter(torch.tensor(math.log(LARGEST_LOGIT_SCALE)))

    def forward(self, words: Tensor, frames: Tensor, word_mask: Tensor, frame_mask: Tensor) -> Tensor:
        """S (M, N) from words (M, T, D), raw frames (N, F, D) and bool masks."""
        similarity: Tensor = self.interaction(words, self.temporal(frames, frame_mask), word_mask, frame_mask)
        return similarity

    @property
    def scale(self) -> Tensor:
        """The inverse temperature of InfoNCE."""
        return self.log_scale.exp()

    @torch.no_grad()
    def bound_scale(self) -> None:
        """Clamp the scale to at most 100 after an update; clamping it in `scale` would stop its gradient."""
        self.log_scale.clamp_(max=math.log(LARGEST_LOGIT_SCALE))
