"""The training of a scorer of regions and words: neighbourhoods of pictures, each with one caption.

The similarity is not among what the scorer reads: it only chooses the pictures that a caption is compared
with. So the errors of the scorer are its own, and mixing both pays (docs/benchmarks/evidence.md).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Protocol

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.optim import AdamW
from torch.optim.lr_scheduler import LambdaLR

from mediaindex_models.late_interaction import LateInteraction
from mediaindex_models.minilm import SentenceStates

INPUT_DROPOUT, DROPOUT, CELL_DROPOUT = 0.3, 0.4, 0.15
RATE, DECAY, WARM_UP, LARGEST_GRADIENT = 1e-3, 0.05, 0.05, 1.0
STEPS = 1200
ANCHORS, NEIGHBOURS, NEAREST, GALLERY = 32, 3, 64, 2400
"""Of a step: captions that look for their picture, others near it for each, among how many of how many."""
SAME_MEANING = 0.985
"""Cosine of two captions from which each is right for the other's picture."""

Places = NDArray[np.intp]


class CaptionedCells(Protocol):
    """N pictures as cells, and their C captions as states of word pieces.

    Attributes:
        captions_of: rows of the captions of each picture.
        pictures: (N, D) and said: (C, D), unit vectors of a similarity.
    """

    @property
    def captions_of(self) -> Sequence[Places]: ...  # noqa: D102
    @property
    def pictures(self) -> Tensor: ...  # noqa: D102
    @property
    def said(self) -> Tensor: ...  # noqa: D102

    def cells_at(self, places: Places) -> Tensor:
        """(B, 16, cell) float32 of some pictures."""
        ...

    def states(self, captions: Places) -> tuple[SentenceStates, Tensor]:
        """States of some captions, padded, and their mask (B, T) bool."""
        ...

    def meant(self, captions: Places) -> Tensor:
        """(B, ·) unit: captions that mean the same have a cosine of `SAME_MEANING`."""
        ...


class Neighbourhoods:
    """Pictures that look alike, each with one caption.

    Args:
        own: (P,) places of the pictures that may be drawn. chances: (P,), summing to one.
    """

    def __init__(self, data: CaptionedCells, own: Places, chances: NDArray[np.float64], *, seed: int) -> None:
        self._data = data
        self._numbers = np.random.default_rng(seed)
        self._own, self._chances = own, chances

    def draw(self) -> tuple[Places, Places]:
        """Pictures, and one caption of each."""
        size = min(GALLERY, len(self._own))
        gallery = self._numbers.choice(self._own, size, replace=False, p=self._chances)
        asked = np.array([self._caption(place) for place in gallery[:ANCHORS].tolist()])
        similarity = self._data.said[asked] @ self._data.pictures[gallery].T
        nearest = similarity.topk(min(NEAREST, size), dim=1).indices.numpy()
        others = self._numbers.permuted(nearest, axis=1)[:, :NEIGHBOURS].ravel()
        chosen = np.unique(np.concatenate([np.arange(len(asked)), others]))
        captions = [asked[n] if n < len(asked) else self._caption(int(gallery[n])) for n in chosen]
        return gallery[chosen], np.array(captions)

    def _caption(self, place: int) -> int:
        own = self._data.captions_of[place]
        return int(own[self._numbers.integers(len(own))])


def trained(
    data: CaptionedCells,
    draws: Neighbourhoods,
    scorer: LateInteraction,
    *,
    steps: int,
    report: Callable[[int, float], None],
) -> LateInteraction:
    """The scorer after so many steps; ten times, `report` is told the step and the mean loss since."""
    return minimised(scorer, lambda: loss_of(scorer, data, *draws.draw()), steps=steps, report=report)


def minimised(
    scorer: LateInteraction,
    loss: Callable[[], Tensor],
    *,
    steps: int,
    report: Callable[[int, float], None],
) -> LateInteraction:
    """The scorer after so many steps down a loss, which is computed anew in each; `report` as above."""
    scorer.train()
    optimiser, rates = optimiser_of(scorer, steps)
    every, losses = max(1, steps // 10), []
    for step in range(1, steps + 1):
        value = loss()
        optimiser.zero_grad()
        value.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(scorer.parameters(), LARGEST_GRADIENT)
        optimiser.step()
        rates.step()
        losses.append(value.item())
        if step % every == 0 or step == steps:
            report(step, float(np.mean(losses)))
            losses.clear()
    return scorer.eval()


def optimiser_of(network: nn.Module, steps: int) -> tuple[AdamW, LambdaLR]:
    """What takes so many steps: AdamW, whose decay is of matrices alone, and its rates by `rate_at`."""
    matrices, others = (
        [p for p in network.parameters() if (p.ndim > 1) is wanted] for wanted in (True, False)
    )
    optimiser = AdamW(
        [{"params": matrices, "weight_decay": DECAY}, {"params": others, "weight_decay": 0.0}], lr=RATE
    )
    return optimiser, LambdaLR(optimiser, lambda step: rate_at(step, steps))


def new_scorer(cell: int, *, state: int, seed: int) -> LateInteraction:
    """An untrained scorer.

    Args:
        cell: numbers of a cell. state: of a word piece at one depth.
    """
    torch.manual_seed(seed)
    return LateInteraction(cell, state=state, input_dropout=INPUT_DROPOUT, dropout=DROPOUT)


def loss_of(scorer: LateInteraction, data: CaptionedCells, places: Places, captions: Places) -> Tensor:
    """Cross-entropy of captions for pictures and of pictures for captions, ()."""
    states, mask = data.states(captions)
    cells = data.cells_at(places)
    cells = cells * (torch.rand(cells.shape[:2]) >= CELL_DROPOUT)[..., None]
    # with the cache of casts, weights of the forward pass would stay those of the first step
    with torch.autocast("cpu", dtype=torch.bfloat16, cache_enabled=False):
        logits = scorer(scorer.words(states, mask), scorer.regions(cells))
    unit = data.meant(captions)
    alike = (unit @ unit.T > SAME_MEANING).float().fill_diagonal_(1.0)
    shares = alike / alike.sum(1, keepdim=True)
    return F.cross_entropy(logits, shares) + F.cross_entropy(logits.T, shares)


def rate_at(step: int, steps: int) -> float:
    """Share of the learning rate: a short rise, then half a cosine down to zero."""
    rise = min(1.0, (step + 1) / (WARM_UP * steps))
    return rise * 0.5 * (1 + math.cos(math.pi * step / steps))
