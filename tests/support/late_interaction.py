"""Two words and two regions, states of texts, and scorers whose weights are none of the initial ones."""

from __future__ import annotations

import math
from collections.abc import Iterable
from pathlib import Path
from typing import TypeVar

import torch
from safetensors.torch import save_file
from torch import Tensor, nn

from mediaindex_models.late_interaction import LateInteraction, Regions, Words
from mediaindex_models.minilm import WIDTH, SentenceStates
from mediaindex_models.region_cells import CELL as CELL_OF_BUILTIN

CELL = 6
WORDS = Words(
    directions=torch.tensor([[[1.0, 0.0], [0.0, 1.0]]]),
    weights=torch.tensor([[0.25, 0.75]]),
    pooled=torch.tensor([[0.6, 0.8]]),
    mask=torch.tensor([[True, True]]),
)
REGIONS = Regions(
    directions=torch.tensor([[[1.0, 0.0], [0.6, 0.8]]]),
    weights=torch.tensor([[0.4, 0.6]]),
    pooled=torch.tensor([[1.0, 0.0]]),
)

Scorer = TypeVar("Scorer", bound=LateInteraction)


def of_sharpness(scorer: Scorer, sharpness: float) -> Scorer:
    scorer.log_sharpness.data.fill_(math.log(sharpness))
    return scorer


def write_untrained_scorers(files: Iterable[Path]) -> None:
    """A scorer of the built-in encoder's cells in each file, no two alike."""
    torch.manual_seed(0)
    for file in files:
        save_file(LateInteraction(CELL_OF_BUILTIN).state_dict(), file)


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
