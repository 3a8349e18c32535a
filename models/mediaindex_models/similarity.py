"""Similarities of every text with every clip of a batch, (texts, clips).

All are computed from cosines between a text and the frames of a clip: the best frame, the mean frame, their
blend, and the paper's interaction between all words and all frames.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from mediaindex_models.attention import lengths_of

# finite: a text or clip of padding alone gets equal weights, not NaN
_PADDING = -9e15
_INITIAL_DEVIATION = 0.02


def max_frame(text: Tensor, frames: Tensor, mask: Tensor) -> Tensor:
    """Cosine of the best real frame, (M, N); −1 for a clip without one.

    Args:
        text: (M, D). frames: (N, F, D). mask: (N, F) bool. The lengths of the vectors have no effect.
    """
    products = (F.normalize(text, dim=-1) @ frames.flatten(0, 1).T).view(-1, *mask.shape)
    return (products / lengths_of(frames)).masked_fill(~mask, -1.0).amax(-1)


def mean_frame(text: Tensor, frames: Tensor, mask: Tensor) -> Tensor:
    """Cosine with the mean of a clip's unit frames, (M, N); 0 for a clip without a real frame.

    Arguments as for `max_frame`.
    """
    total = torch.einsum("nf,nfd->nd", mask / lengths_of(frames), frames)
    return F.normalize(text, dim=-1) @ F.normalize(total, dim=-1).T


def blended(text: Tensor, frames: Tensor, mask: Tensor, *, weight: float = 0.5) -> Tensor:
    """`weight` of the best frame and the rest of the mean frame (CLIPRerank, arXiv 2401.08449), (M, N)."""
    best, mean = max_frame(text, frames, mask), mean_frame(text, frames, mask)
    return weight * best + (1.0 - weight) * mean


class TokenInteraction(nn.Module):
    """Weighted token-wise interaction, WTI (arXiv 2203.07111), as DiffusionRet uses it.

    S = ½ (Σ_i w_i max_j s_ij + Σ_j u_j max_i s_ij) over cosines s of words i and frames j, with w and u
    softmaxes of a learned importance. As published, a padded place counts as a cosine of 0 in both
    maxima; `corrected` leaves it out, which matters where cosines are negative.
    """

    def __init__(self, width: int, *, corrected: bool = False) -> None:
        super().__init__()
        self.corrected = corrected
        self.word_importance = _importance(width)
        self.frame_importance = _importance(width)

    def forward(self, words: Tensor, frames: Tensor, word_mask: Tensor, frame_mask: Tensor) -> Tensor:
        """(M, N) from words (M, T, D), frames (N, F, D) and their bool masks (M, T), (N, F)."""
        word_weights, frame_weights = self.weights(words, frames, word_mask, frame_mask)
        cosines = torch.einsum("mtd,nfd->mntf", F.normalize(words, dim=-1), F.normalize(frames, dim=-1))
        both = word_mask[:, None, :, None] & frame_mask[None, :, None, :]
        cosines = cosines.masked_fill(~both, -1.0 if self.corrected else 0.0)
        of_words = torch.einsum("mnt,mt->mn", cosines.amax(3), word_weights)
        of_frames = torch.einsum("mnf,nf->mn", cosines.amax(2), frame_weights)
        return 0.5 * (of_words + of_frames)

    def weights(
        self, words: Tensor, frames: Tensor, word_mask: Tensor, frame_mask: Tensor
    ) -> tuple[Tensor, Tensor]:
        """w (M, T) and u (N, F), each summing to one over real places."""
        of_words = self.word_importance(words)[..., 0].masked_fill(~word_mask, _PADDING)
        of_frames = self.frame_importance(frames)[..., 0].masked_fill(~frame_mask, _PADDING)
        return torch.softmax(of_words, -1), torch.softmax(of_frames, -1)


def _importance(width: int) -> nn.Sequential:
    layers = nn.Sequential(nn.Linear(width, 2 * width), nn.ReLU(), nn.Linear(2 * width, 1))
    for layer in layers:
        if isinstance(layer, nn.Linear):
            nn.init.normal_(layer.weight, std=_INITIAL_DEVIATION)
            nn.init.zeros_(layer.bias)
    return layers
