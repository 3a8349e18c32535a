"""MiniLM-L6 sentence encoder: BERT with 6 layers, 384 wide.

Wang et al., arXiv 2002.10957; the weights are those of sentence-transformers' all-MiniLM-L6-v2.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from mediaindex_models.loaded import Embedding, LayerNorm, Linear

WIDTH = 384
_LAYERS = 6
_HEADS = 12
_INNER = 1536
_NORM_EPSILON = 1e-12
_SHALLOW_LAYER = 4


class SentenceStates(NamedTuple):
    """Hidden states of MiniLM for B texts of T word pieces.

    Attributes:
        tokens: (B, T, 384), after the last layer.
        mean: (B, 384), their mean over real tokens.
        shallow: (B, 384), the same mean after layer 4. shallow_tokens: (B, T, 384), after layer 4.
    """

    tokens: Tensor
    mean: Tensor
    shallow: Tensor
    shallow_tokens: Tensor


class MiniLM(nn.Module):
    """Hidden states of word pieces and their means over a text."""

    def __init__(self, *, vocabulary: int, places: int) -> None:
        super().__init__()
        self.word = Embedding(vocabulary, WIDTH)
        self.place = Embedding(places, WIDTH)
        self.kind = nn.Parameter(torch.zeros(WIDTH))
        self.norm = LayerNorm(WIDTH, eps=_NORM_EPSILON)
        self.blocks = nn.ModuleList(Block() for _ in range(_LAYERS))

    def forward(self, pieces: Tensor, mask: Tensor) -> SentenceStates:
        """Piece numbers (B, T) and their mask (B, T) bool, True = real → states."""
        x = self.norm(self.word(pieces) + self.place.weight[: pieces.shape[1]] + self.kind)
        visible = mask[:, None, None, :]  # (B, 1, 1, T)
        weight = mask / mask.sum(1, keepdim=True)  # (B, T)
        after: list[Tensor] = []
        for block in self.blocks:
            x = block(x, visible)
            after.append(x)
        shallow = after[_SHALLOW_LAYER - 1]
        mean, shallow_mean = (torch.einsum("btd,bt->bd", states, weight) for states in (x, shallow))
        return SentenceStates(x, mean, shallow_mean, shallow)


class Block(nn.Module):
    """Self-attention and feed-forward, post-LN: each residual sum is normalised."""

    def __init__(self) -> None:
        super().__init__()
        self.q, self.k, self.v, self.o = (Linear(WIDTH, WIDTH) for _ in range(4))
        self.n1 = LayerNorm(WIDTH, eps=_NORM_EPSILON)
        self.f1 = Linear(WIDTH, _INNER)
        self.f2 = Linear(_INNER, WIDTH)
        self.n2 = LayerNorm(WIDTH, eps=_NORM_EPSILON)

    def forward(self, x: Tensor, visible: Tensor) -> Tensor:
        """(B, T, 384) with a mask of the visible keys (B, 1, 1, T) → (B, T, 384)."""
        q, k, v = (_split_heads(layer(x)) for layer in (self.q, self.k, self.v))
        attended = F.scaled_dot_product_attention(q, k, v, attn_mask=visible)
        x = self.n1(x + self.o(attended.transpose(1, 2).flatten(2)))
        y: Tensor = self.n2(x + self.f2(F.gelu(self.f1(x))))
        return y


def _split_heads(x: Tensor) -> Tensor:
    return x.view(*x.shape[:2], _HEADS, -1).transpose(1, 2)  # (B, heads, T, D / heads)
