"""The training losses: divergence of generated scores from the target, and InfoNCE of matching pairs."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

GENERATION_SCALE = 100.0
LARGEST_LOGIT_SCALE = 100.0


def generation_loss(predicted: Tensor, target: Tensor, *, scale: float = GENERATION_SCALE) -> Tensor:
    """KL(target ‖ softmax(scale · x_0)), the mean over B (arXiv 2303.09867, the generation loss).

    Args:
        predicted: x_0 (B, K).
        target: (B, K) non-negative, rows summing to one; or (B,) the index of the one positive, where
            the divergence is the cross-entropy that the published code computes.
        scale: the loss's inverse temperature.
    """
    at_least_single = torch.promote_types(predicted.dtype, torch.float32)
    log_probabilities = torch.log_softmax(scale * predicted.to(at_least_single), dim=-1)
    if target.ndim == 1:
        return F.nll_loss(log_probabilities, target)
    # 0 log 0 = 0; xlogy has that limit
    divergence = torch.xlogy(target, target) - target * log_probabilities
    return divergence.sum(-1).mean()


def info_nce(similarity: Tensor, scale: Tensor | float, *, target: Tensor | None = None) -> Tensor:
    """Symmetric InfoNCE over a batch: ½ (CE of rows + CE of columns) of scale · S.

    Args:
        similarity: (B, B), row i and column i being a pair.
        scale: inverse temperature, at most 100 in training.
        target: (B, B) bool, further right answers, such as another caption of the same clip. Without it, as
            published, such a pair counts as wrong.
    """
    logits = scale * similarity
    if target is None:
        diagonal = torch.arange(len(logits), device=logits.device)
        return 0.5 * (F.cross_entropy(logits, diagonal) + F.cross_entropy(logits.T, diagonal))
    shares = (target | torch.eye(len(logits), dtype=torch.bool, device=logits.device)).to(logits.dtype)
    return 0.5 * (_shared(logits, shares) + _shared(logits.T, shares.T))


def _shared(logits: Tensor, shares: Tensor) -> Tensor:
    return F.cross_entropy(logits, shares / shares.sum(-1, keepdim=True))
