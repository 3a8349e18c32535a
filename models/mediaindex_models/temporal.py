"""The temporal transformer: self-attention among the frames of a clip, before they meet a text.

V = r + Transformer(r + P), pre-LN blocks with QuickGELU as in CLIP, P a learned table of positions
(DiffusionRet, arXiv 2303.09867).
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from mediaindex_models.errors import UnfitInput

HEAD_WIDTH = 64
MLP_RATIO = 4
# added to the logits of padding, as published; finite, so that a clip of padding alone has a softmax
_PADDING = -1e6
_LAYER_NORM_EPSILON = 1e-12
_INITIAL_DEVIATION = 0.02


class TemporalTransformer(nn.Module):
    """Frame embeddings in the context of the clip's other frames.

    Args:
        width: D, a multiple of `heads`.
        layers: blocks.
        places: the most frames of a clip.
        heads: a divisor of the width; by default width / 64, as published, or the next smaller divisor.
    """

    def __init__(self, width: int, *, layers: int = 4, places: int = 77, heads: int | None = None) -> None:
        super().__init__()
        self.width = width
        self.places = nn.Embedding(places, width)
        if heads is None:
            heads = max(n for n in range(1, max(1, width // HEAD_WIDTH) + 1) if width % n == 0)
        self.blocks = nn.ModuleList(_Block(width, heads) for _ in range(layers))
        nn.init.normal_(self.places.weight, std=_INITIAL_DEVIATION)

    def forward(self, frames: Tensor, mask: Tensor) -> Tensor:
        """Frames (B, F, D) and mask (B, F) bool → (B, F, D), not normalised.

        Raises UnfitInput for more frames than places.
        """
        count = frames.shape[1]
        if count > self.places.num_embeddings:
            raise UnfitInput(f"a clip has {count} frames, the network {self.places.num_embeddings} places")
        bias = torch.where(mask, 0.0, _PADDING).to(frames.dtype)[:, None, None]  # (B, 1, 1, F)
        hidden = frames + self.places.weight[:count]
        for block in self.blocks:
            hidden = block(hidden, bias)
        return frames + hidden


class _Block(nn.Module):
    """Pre-LN attention and a hidden layer of four times the width, both with residual connections."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        if width % heads:
            raise UnfitInput(f"a width of {width} cannot be shared by {heads} heads")
        self.heads = heads
        self.before_attention = nn.LayerNorm(width, eps=_LAYER_NORM_EPSILON)
        self.projections = nn.Linear(width, 3 * width)
        self.output = nn.Linear(width, width)
        self.before_hidden = nn.LayerNorm(width, eps=_LAYER_NORM_EPSILON)
        self.widen = nn.Linear(width, MLP_RATIO * width)
        self.narrow = nn.Linear(MLP_RATIO * width, width)

    def forward(self, x: Tensor, bias: Tensor) -> Tensor:
        """(B, F, D), and a bias of the attention's logits (B, 1, 1, F), → (B, F, D)."""
        query, key, value = (
            part.unflatten(-1, (self.heads, -1)).transpose(1, 2)  # (B, heads, F, D / heads)
            for part in self.projections(self.before_attention(x)).chunk(3, dim=-1)
        )
        attended = nn.functional.scaled_dot_product_attention(query, key, value, attn_mask=bias)
        x = x + self.output(attended.transpose(1, 2).flatten(2))
        hidden = self.widen(self.before_hidden(x))
        narrowed: Tensor = self.narrow(hidden * torch.sigmoid(1.702 * hidden))  # QuickGELU
        return x + narrowed
