"""Text-conditioned pooling of frames: each frame counts by how well it answers the text.

a_f = softmax_f(text · frame_f / temperature),   v = Σ_f a_f frame_f

Nothing is learned. Leading dimensions broadcast: one text against many clips, many texts against one.
"""

from __future__ import annotations

import torch
from torch import Tensor


def frame_weights(
    text: Tensor, frames: Tensor, mask: Tensor, *, temperature: float = 1.0, corrected: bool = False
) -> Tensor:
    """Weights of the frames, (…, F).

    Args:
        text: (…, D), not normalised.
        frames: (…, F, D), not normalised.
        mask: (…, F) bool, True at a real frame.
        temperature: of the softmax.
        corrected: padding is left out of the softmax, so that weights sum to one and a padded frame
            does not matter. As published, padding is set to zero after the softmax: it still takes its
            share, and a clip of few frames comes out too small.

    A clip without any real frame has weights 0.
    """
    logits = torch.einsum("...fd,...d->...f", frames, text) / temperature
    if corrected:
        logits = logits.masked_fill(~mask, torch.finfo(logits.dtype).min)
    return torch.softmax(logits, dim=-1) * mask


def pooled(weights: Tensor, frames: Tensor) -> Tensor:
    """Σ_f a_f frame_f: weights (…, F) and frames (…, F, D) → (…, D)."""
    return torch.einsum("...f,...fd->...d", weights, frames)
