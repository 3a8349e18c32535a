"""Captioned tokens → a trained scorer, as its file holds it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from mediaindex.learn.scorer.media_tokens import CaptionedTokens
from mediaindex.learn.scorer.scorer_file import scorer_state
from mediaindex.learn.scorer.training import Neighbourhoods, new_scorer, trained
from mediaindex_models.late_interaction import Words

BANK = 400
"""Captions of the scorer's bank, of what it learns from."""


@dataclass(frozen=True, slots=True, eq=False)
class TrainedScorer:
    """A scorer after its training.

    Attributes:
        state: what is stored. gains: (3,) of L1, L2 and L3. loss: mean of the last tenth of the steps.
    """

    state: dict[str, torch.Tensor]
    gains: NDArray[np.float32]
    loss: float


def trained_scorer(
    data: CaptionedTokens, *, steps: int, seed: int, progress: Callable[[int, int], None]
) -> TrainedScorer:
    """A scorer that learnt from all of some clips.

    Args:
        progress: called with the steps that are done, and all of them.
    """
    count = len(data.clips)
    draws = Neighbourhoods(data, np.arange(count), np.full(count, 1 / count), seed=seed)
    scorer = new_scorer(data.cells.shape[2], state=data.texts.mean.shape[1], seed=seed)
    last = 0.0

    def report(step: int, loss: float) -> None:
        nonlocal last
        last = loss
        progress(step, steps)

    scorer = trained(data, draws, scorer, steps=steps, report=report)
    rows = np.unique(np.linspace(0, len(data.captions) - 1, min(BANK, len(data.captions))).astype(np.intp))
    with torch.inference_mode():
        bank: Words = scorer.words(*data.states(rows))
    gains = scorer.gains.detach().numpy().astype(np.float32)
    return TrainedScorer(scorer_state(scorer, data.bases, bank), gains, last)
