"""Random cells, states of texts, and scorers whose weights are none of the initial ones."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from mediaindex_models.late_interaction import LateInteraction
from mediaindex_models.minilm import WIDTH, SentenceStates

CELL = 6


def random_scorer(seed: int = 0) -> LateInteraction:
    torch.manual_seed(seed)
    scorer = LateInteraction(CELL).eval()
    for parameter in scorer.parameters():
        if parameter.ndim == 2:
            nn.init.normal_(parameter, std=0.2)
    return scorer


def random_states(lengths: list[int], *, width: int | None = None) -> tuple[SentenceStates, Tensor]:
    """States of texts of some lengths, padded to `width` with numbers that mean nothing."""
    mask = torch.arange(width or max(lengths)) < torch.tensor(lengths)[:, None]
    shallow_tokens, tokens = torch.randn(2, *mask.shape, WIDTH)
    shares = mask / mask.sum(1, keepdim=True)
    shallow, mean = (torch.einsum("btd,bt->bd", part, shares) for part in (shallow_tokens, tokens))
    return SentenceStates(tokens, mean, shallow, shallow_tokens), mask
