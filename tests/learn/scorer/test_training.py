"""A scorer learns which captions belong to pictures, from neighbourhoods of those that may be drawn."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from mediaindex.learn.scorer.caption_states import CaptionStates
from mediaindex.learn.scorer.training import Neighbourhoods, new_scorer, rate_at, trained
from mediaindex_models.minilm import SentenceStates

CELL, STATE, PIECES = 12, 8, 3


@dataclass
class Made:
    """Pictures of things, with two captions each that say the thing."""

    captions_of: list[NDArray[np.intp]]
    cells: Tensor
    texts: CaptionStates
    pictures: Tensor
    said: Tensor

    @classmethod
    def of(cls, count: int) -> Made:
        random = np.random.default_rng(0)
        things = random.normal(size=(count, STATE))
        cells = things @ random.normal(size=(STATE, CELL))
        tokens = np.repeat(things, 2 * PIECES, axis=0)[:, None] + 0.3 * random.normal(
            size=(2 * PIECES * count, 2, STATE)
        )
        means = torch.from_numpy(tokens.reshape(2 * count, PIECES, 2, STATE).mean(1)).float()
        first = np.arange(2 * count + 1) * PIECES
        return cls(
            [np.array([2 * place, 2 * place + 1]) for place in range(count)],
            torch.from_numpy(cells[:, None] + 0.3 * random.normal(size=(count, 16, CELL))).float(),
            CaptionStates(means[:, 1], means[:, 0], tokens.astype(np.float16), first),
            F.normalize(torch.from_numpy(things).float(), dim=-1),
            F.normalize(means[:, 1], dim=-1),
        )

    def cells_at(self, places: NDArray[np.intp]) -> Tensor:
        return self.cells[places]

    def states(self, captions: NDArray[np.intp]) -> tuple[SentenceStates, Tensor]:
        return self.texts.states(captions)

    def meant(self, captions: NDArray[np.intp]) -> Tensor:
        return self.said[captions]


def test_only_what_may_be_drawn_is_drawn_each_with_a_caption_of_its_own() -> None:
    data = Made.of(40)
    own = np.arange(0, 40, 2)
    draws = Neighbourhoods(data, own, np.full(20, 1 / 20), seed=1)
    for _ in range(10):
        places, captions = draws.draw()
        assert len(set(places.tolist())) == len(places)
        assert set(places.tolist()) <= set(own.tolist())
        assert (captions // 2 == places).all()


def test_it_learns_and_is_the_same_by_the_same_seed() -> None:
    data = Made.of(48)
    train = np.arange(40)

    def run() -> tuple[list[float], Tensor]:
        losses: list[float] = []
        draws = Neighbourhoods(data, train, np.full(40, 1 / 40), seed=0)
        scorer = new_scorer(CELL, state=STATE, seed=0)
        scorer = trained(data, draws, scorer, steps=60, report=lambda _step, loss: losses.append(loss))
        held = np.arange(40, 48)
        with torch.inference_mode():
            words = scorer.words(*data.states(2 * held))
            return losses, scorer(words, scorer.regions(data.cells_at(held)))

    losses, logits = run()
    assert len(losses) == 10
    assert losses[-1] < losses[0] - 0.5
    ranks = (logits > logits.diagonal()[:, None]).sum(1)
    assert float(ranks.float().mean()) < 2.0, "of eight; by chance 3.5"
    again, _logits = run()
    assert again == losses


def test_the_rate_rises_and_falls_to_zero() -> None:
    rates = [rate_at(step, 100) for step in range(101)]
    assert rates[0] == pytest.approx(0.2)
    assert max(rates) == pytest.approx(rates[4], abs=0.01)
    assert rates[100] == pytest.approx(0.0)
