"""The five weights of a mixture by what the user said, held to the shipped ones as far as that serves.

A list of K moments tells which of them are to come first. With p = softmax(⟨w, numbers⟩) over a list and G
the moments that should win, the weights minimise

    Σ_lists  count · −log Σ_{k ∈ G} p_k   +   ½ · strength · Σ_j (scale_j (w_j − τ w⁰_j))²

w⁰: the shipped weights, which stand for the thousands of photographs that they were fitted to: with few
examples, or a high strength, the order stays theirs. τ: how sharp they are on these lists, fitted first,
since an order does not tell it. scale_j: the deviation of number j within a list, so that the strength has
a unit: so many examples weigh as much as the shipped weights. This is maximum a posteriori under a normal
prior; with one right moment in each list it has one minimum, which L-BFGS finds, so nothing stops early.

Photographs of the shipped training are rehearsed by `text_side`, with a count and a sharpness of their own.
The weights have their prior, which stands for the same photographs.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from mediaindex.learn.personal.examples import COUNTS
from mediaindex.learn.personal.lists import Listed
from mediaindex_models.evidence_mixture import NUMBERS

STRENGTHS = (math.inf, 300.0, 100.0, 30.0, 10.0, 3.0)
"""From which cross-validation chooses; ∞ leaves the shipped order as it is."""
_SHARPNESS_DEVIATION = 3.0  # of log τ: finite where lists can be ranked without an error
REHEARSED = 30.0
"""So many captions all photographs together count as: as many as a training needs. It is a guess."""

Weights = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Lessons:
    """Lists that tell something, as tensors.

    Attributes:
        numbers: (B, K, 5) float64, zeros behind the end of a list.
        among: (B, K) bool, the moments that are compared. good: (B, K) bool, those that should win.
        counts: (B,) how much each list counts.
    """

    numbers: Tensor
    among: Tensor
    good: Tensor
    counts: Tensor

    def __len__(self) -> int:
        return len(self.counts)

    def some(self, rows: Tensor) -> Lessons:
        """Those of some lists, by a mask (B,) bool or by their rows."""
        return Lessons(self.numbers[rows], self.among[rows], self.good[rows], self.counts[rows])

    def losses(self, weights: Tensor) -> Tensor:
        """(B,) of each list, −log of the probability that a good moment wins, times its count."""
        return self.losses_of(self.numbers @ weights)

    def losses_of(self, logits: Tensor) -> Tensor:
        """The same of logits (B, K)."""
        every, won = (logits.masked_fill(~mask, -math.inf) for mask in (self.among, self.good))
        return self.counts * (every.logsumexp(1) - won.logsumexp(1))


def lessons_of(lists: Sequence[Listed]) -> tuple[Lessons, NDArray[np.intp]]:
    """What the lists tell, and the place of each lesson among them: some tell nothing.

    Where a right moment is listed, it should come before all others. Where only wrong ones are, any other
    should come before them. An opened moment should come before those that stood above it.
    """
    told = [(place, *said) for place, one in enumerate(lists) if (said := _told(one)) is not None]
    longest = max((len(among) for _place, among, _good in told), default=1)
    numbers = np.zeros((len(told), longest, NUMBERS))
    masks = np.zeros((2, len(told), longest), np.bool_)
    for row, (place, among, good) in enumerate(told):
        count = len(among)
        numbers[row, :count], masks[0, row, :count], masks[1, row, :count] = lists[place].numbers, among, good
    places = np.array([place for place, _among, _good in told], np.intp)
    counts = np.array([COUNTS[lists[place].example.kind] for place in places])
    return Lessons(*map(torch.from_numpy, (numbers, *masks, counts))), places


def _told(one: Listed) -> tuple[NDArray[np.bool_], NDArray[np.bool_]] | None:
    """(K,) which moments are compared and which should win; None where the list tells nothing."""
    among, good = np.ones(len(one.right), np.bool_), one.right
    if not one.right.any():
        good = ~one.wrong
    elif one.example.kind == "pick":
        among[int(np.argmax(one.right)) + 1 :] = False
        good = one.right & among
    return (among, good) if good.any() and (among & ~good).any() else None


@dataclass(frozen=True, slots=True, eq=False)
class Start:
    """Where fits to some lists begin.

    Attributes:
        centre: (5,), τ w⁰. scale: (5,), in units of which weights move. sharpness: τ.
    """

    centre: Tensor
    scale: Tensor
    sharpness: float

    def moved(self, change: Tensor) -> Tensor:
        """The weights (5,) after a change (5,)."""
        return self.centre + change / self.scale


def start_of(lessons: Lessons, shipped: Weights) -> Start:
    """The shipped weights, as sharp as they are right on some lists; as they are without a list."""
    before = torch.from_numpy(shipped)
    if not len(lessons):
        return Start(before, torch.ones_like(before), 1.0)
    sharpness = _sharpness(lessons, before)
    return Start(before * sharpness, _deviations(lessons), sharpness)


def photograph_lessons(photographs: Sequence[Listed], shipped: Weights) -> tuple[Lessons, float]:
    """What photographs tell: `REHEARSED` captions' worth, and how sharp the shipped weights are on them."""
    lessons, _places = lessons_of(photographs)
    counts = torch.full_like(lessons.counts, REHEARSED / max(1, len(lessons)))
    sharpness = start_of(lessons, shipped).sharpness
    return Lessons(lessons.numbers, lessons.among, lessons.good, counts), sharpness


def fitted_path(lessons: Lessons, shipped: Weights) -> list[Weights]:
    """The weights (5,) that each strength of `STRENGTHS` gives; without a lesson the shipped ones."""
    if not len(lessons):
        return [shipped] * len(STRENGTHS)
    start = start_of(lessons, shipped)

    def loss(change: Tensor, strength: float) -> Tensor:
        return lessons.losses(start.moved(change)).sum() + strength / 2 * (change**2).sum()

    path, change = [], torch.zeros(NUMBERS, dtype=torch.float64)
    for strength in STRENGTHS:
        if math.isfinite(strength):
            change = _minimised(partial(loss, strength=strength), change)
        path.append(start.moved(change).numpy())
    return path


def _sharpness(lessons: Lessons, weights: Tensor) -> float:
    """τ > 0 by which weights are multiplied to be as sure as they are right on some lists."""
    spread = ((lessons.numbers @ weights)[lessons.among]).std(correction=0).clamp_min(1e-9)
    log_tau = _minimised(
        lambda moved: (
            lessons.losses(moved.exp() / spread * weights).sum()
            + (moved / _SHARPNESS_DEVIATION).square().sum() / 2
        ),
        torch.zeros(1, dtype=torch.float64),
    )
    return float(log_tau.exp() / spread)


def _deviations(lessons: Lessons) -> Tensor:
    """(5,) the deviation of each number within a list; 1 for a number that is the same in each list."""
    own = lessons.among[..., None].double()
    count = own.sum(1, keepdim=True)
    mean = (lessons.numbers * own).sum(1, keepdim=True) / count
    variance = ((lessons.numbers - mean) ** 2 * own).sum(1) / count[:, 0]
    deviation = variance.mean(0).sqrt()
    return torch.where(deviation > 1e-9, deviation, 1.0)


def _minimised(loss_of: Callable[[Tensor], Tensor], start: Tensor) -> Tensor:
    values = start.clone().requires_grad_()
    search = torch.optim.LBFGS([values], max_iter=100, line_search_fn="strong_wolfe")

    def loss() -> Tensor:
        search.zero_grad()
        value = loss_of(values)
        value.backward()  # type: ignore[no-untyped-call]
        return value

    search.step(loss)  # type: ignore[no-untyped-call]
    return values.detach()
