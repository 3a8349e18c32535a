"""Scorers beside a similarity, the orders that follow, and what each query gains by them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import torch
from bench._evidence_lists import Lists, Places, Ranker, Ranks, Similarity
from bench._report import say
from builtin._captioned import Captioned
from builtin.train_scorer import scorer_file
from torch import Tensor

from mediaindex_models.denoiser import Direction
from mediaindex_models.evidence_mixture import fitted_mixture

CAPTIONS = 3
"""Of each photograph that look for it."""
START = 6
"""Constant from which the fitting of a mixture begins."""

Gains = tuple[Ranks, Places]
"""Differences of queries, and the photograph of each."""
Order = Callable[[Lists, int], Tensor]
"""Scores (Q, 64) of the candidates of lists, by the scorer of a seed's place."""


@dataclass(frozen=True, slots=True, eq=False)
class Trial:
    """Scorers that have not seen the photographs which they rank, one a seed.

    Attributes:
        left_out: the source that they have not seen, None for those of all sources.
        mixtures: the weights (5,) of each one's linear mixture.
    """

    left_out: str | None
    similarity: Similarity
    rankers: list[Ranker]
    mixtures: list[Tensor]

    @classmethod
    def of(
        cls,
        data: Captioned,
        work: Path,
        left_out: str | None,
        similarity: Similarity,
        *,
        fitting: Sequence[tuple[Similarity, Places]],
        seeds: Sequence[int],
    ) -> Trial:
        """With the scorers of these seeds.

        Args:
            fitting: galleries that neither the similarity beside them nor a scorer has seen.
        """
        rankers = []
        for seed in seeds:
            file = scorer_file(work, left_out=left_out, seed=seed)
            say(f"reading {file.name}")
            rankers.append(Ranker(data, file, left_out=left_out, seed=seed))
        mixtures = [mixture_of(ranker, fitting) for ranker in rankers]
        return cls(left_out, similarity, rankers, mixtures)

    @property
    def first(self) -> Trial:
        """With the scorer of the first seed alone."""
        return replace(self, rankers=self.rankers[:1], mixtures=self.mixtures[:1])

    def lists(self, places: Places, *, captions: int = CAPTIONS) -> list[Lists]:
        """Captions that look for their photographs, with the numbers of each scorer."""
        return [ranker.lists(self.similarity, places, captions=captions) for ranker in self.rankers]

    def lists_of_captions(self, places: Places) -> list[Lists]:
        """Photographs that look for their captions, with the numbers of each scorer."""
        return [
            ranker.lists_of_captions(self.similarity, places, captions=CAPTIONS) for ranker in self.rankers
        ]

    def by(self, weight: float) -> Order:
        """The scorer's order at a constant."""
        return lambda lists, seed: self.rankers[seed].mixed(lists.numbers, weight)

    def by_mixture(self, lists: Lists, seed: int) -> Tensor:
        """The order of the linear mixture."""
        return lists.numbers @ self.mixtures[seed]


def mixture_of(ranker: Ranker, fitting: Sequence[tuple[Similarity, Places]]) -> Tensor:
    """The weights (5,) that make the right ones of the candidates likely; arguments as in `Trial.of`."""
    lists = [ranker.lists(similarity, own, captions=CAPTIONS) for similarity, own in fitting if len(own)]
    count = min(own.numbers.shape[1] for own in lists)  # a small gallery has fewer candidates
    numbers = torch.cat([own.numbers[:, :count] for own in lists])
    right = torch.cat([own.place[:, 0] for own in lists])
    inside = (right >= 0) & (right < count)
    return fitted_mixture(numbers[inside], right[inside], start=ranker.weights(START))


@dataclass(frozen=True, slots=True, eq=False)
class Gallery:
    """Lists of one gallery, one a seed, with the trial that ranks them."""

    trial: Trial
    lists: list[Lists]
    direction: Direction = "t2v"

    def ranked(self, order: Order) -> list[Ranks]:
        """Ranks of each seed."""
        return [lists.ranks(order(lists, seed)) for seed, lists in enumerate(self.lists)]

    def together(self, weight: float) -> Ranks:
        """Ranks by the mean of all scorers' logits at a constant; their candidates are the same."""
        scores = [self.trial.by(weight)(lists, seed) for seed, lists in enumerate(self.lists)]
        return self.lists[0].ranks(torch.stack(scores).mean(0))

    def gains(self, weight: float) -> Gains:
        """Difference in MRR of each query by the first scorer, with the query's photograph."""
        first = self.lists[0]
        ranked = first.ranks(self.trial.by(weight)(first, 0))
        return reciprocal(ranked) - reciprocal(first.corrected), first.right


def reciprocal(ranked: Ranks) -> Ranks:
    """Reciprocal ranks in percent."""
    return 100.0 / (1.0 + ranked)
