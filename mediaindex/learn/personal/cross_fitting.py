"""A ranking for each fifth of the videos by the other four, so that every caption is ranked by one that never
saw its video; and a ranking by all, which a search uses.

A video's fold follows from its content alone: it stays the same in the next training, so what was trained
before can be measured without its own answers, too.

What is trained, and how far, is chosen within what a fold may see, by folds again: of all `CHOICES`, from the
most cautious one on, the first whose held-out loss is within one standard error of the least (Breiman,
Friedman, Olshen and Stone, "Classification and Regression Trees", 1984, section 3.4.3). A fit without two
folds serves the choices of both, so that there are fifteen such fits of each kind, and not thirty.
"""

from __future__ import annotations

import hashlib
import itertools
import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import torch
from numpy.typing import NDArray

from mediaindex.learn.personal.fitting import (
    REHEARSED,
    STRENGTHS,
    Lessons,
    Weights,
    fitted_path,
    lessons_of,
    photograph_lessons,
    start_of,
)
from mediaindex.learn.personal.lists import Listed
from mediaindex.learn.personal.text_side import STEPS, Fit, Hearing, Level, taught

FOLDS = 5
NEEDED_BY: dict[Level, int] = {"last layers": 60, "text side": 150}
"""So many lists that tell something before a level of the scorer is tried at all. Both are guesses."""
PATIENCE = 2
"""A training ends when its held-out loss was no new least so many times one after the other."""

Mask = NDArray[np.bool_]
Losses = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Choice:
    """What is trained, and how far it goes from what ships.

    Attributes:
        strength: of the prior on the weights, ∞ for the shipped order; None for a level of the scorer.
        steps: of a level of the scorer; None for others.
    """

    level: Literal["shipped", "weights"] | Level
    strength: float | None = None
    steps: int | None = None


def choices_for(count: int) -> tuple[Choice, ...]:
    """What is tried on so many lists, from the most cautious on."""
    of_weights = [
        Choice("weights", one) if math.isfinite(one) else Choice("shipped", one) for one in STRENGTHS
    ]
    levels: list[Level] = [level for level, needed in NEEDED_BY.items() if count >= needed]
    return (*of_weights, *(Choice(level, None, steps) for level in levels for steps in STEPS))


@dataclass(frozen=True, slots=True)
class Tried:
    """A choice with its mean held-out loss of a list; None where its training was stopped before."""

    choice: Choice
    loss: float | None


@dataclass(frozen=True, slots=True, eq=False)
class CrossFit:
    """Rankings by folds, and by all.

    Attributes:
        fit: by all examples. by_fold: FOLDS of them, each by those of the other folds.
        choice: of `fit`. tried: all of which it was chosen. error: standard error of the least loss.
        lessons: how many lists told something.
        rehearsed: mean loss of the photographs by the shipped ranking and by `fit`, each at the sharpness
            that suits it; None where there are none.
    """

    fit: Fit
    by_fold: tuple[Fit, ...]
    choice: Choice
    tried: tuple[Tried, ...]
    error: float
    lessons: int
    rehearsed: tuple[float, float] | None = None


def fold_of(content: str) -> int:
    """The fold of a video by the hash of its content."""
    digest = hashlib.blake2b(content.encode("utf-8", "surrogateescape"), digest_size=8, person=b"fold")
    return int.from_bytes(digest.digest()) % FOLDS


def cross_fitted(
    lists: Sequence[Listed],
    contents: Mapping[int, str],
    shipped: Weights,
    photographs: Sequence[Listed] = (),
    progress: Callable[[int, int], None] = lambda _done, _total: None,
) -> CrossFit:
    """Fit rankings.

    Args:
        lists: of examples. contents: by video, the hash of its content.
        shipped: (5,) weights to which they are held. photographs: that are rehearsed.
        progress: called with the fits that are done, and all of them.
    """
    lessons, places = lessons_of(lists)
    told = [lists[place] for place in places]
    folds = _Folds.of(told, contents)
    fitter = _Fitter.of(told, lessons, shipped, photographs)
    losses: dict[frozenset[int], Losses] = {}
    subsets = _one_or_two_folds()
    fits = len(subsets) + FOLDS + 1
    for left_out in subsets:
        progress(len(losses), fits)
        losses[left_out] = fitter.held_out(~folds.holding(left_out), folds.apart(left_out))
    by_fold = []
    for fold in range(FOLDS):
        progress(len(losses) + fold, fits)
        chosen = folds.chosen(losses, frozenset({fold}))
        by_fold.append(fitter.fit(chosen.place, ~folds.within[:, fold]))
    progress(fits - 1, fits)
    chosen = folds.chosen(losses, frozenset())
    fit = fitter.fit(chosen.place, np.ones(len(told), np.bool_))
    progress(fits, fits)
    tried = tuple(map(Tried, fitter.choices, chosen.means))
    rehearsed = None
    if photographs:
        rehearsed = photograph_loss(photographs, Fit(shipped)), photograph_loss(photographs, fit)
    choice = fitter.choices[chosen.place]
    return CrossFit(fit, tuple(by_fold), choice, tried, chosen.error, len(told), rehearsed)


@dataclass(frozen=True, slots=True)
class _Chosen:
    """The place of a choice, mean held-out losses by all (None where stopped), the error of the least."""

    place: int
    means: tuple[float | None, ...]
    error: float


@dataclass(frozen=True, slots=True, eq=False)
class _Folds:
    """Which lists belong to which folds.

    Attributes:
        within: (B, FOLDS) bool; a list of several videos can be in several folds.
        videos: (B,) of each list, one of them.
    """

    within: Mask
    videos: NDArray[np.int64]

    @classmethod
    def of(cls, told: Sequence[Listed], contents: Mapping[int, str]) -> _Folds:
        within = np.zeros((len(told), FOLDS), np.bool_)
        for row, one in enumerate(told):
            within[row, [fold_of(contents[video]) for video in one.example.videos]] = True
        return cls(within, np.array([min(one.example.videos) for one in told], np.int64))

    def holding(self, folds: Iterable[int]) -> Mask:
        """(B,) which lists are in one of some folds."""
        is_in: Mask = np.isin(np.arange(FOLDS), sorted(folds)) @ self.within.T
        return is_in

    def apart(self, folds: Iterable[int]) -> list[Mask]:
        """(B,) of each of some folds, which lists are in it and in no other of them."""
        own = self.within[:, sorted(folds)]
        return [own[:, place] & (own.sum(axis=1) == 1) for place in range(own.shape[1])]

    def chosen(self, losses: Mapping[frozenset[int], Losses], without: frozenset[int]) -> _Chosen:
        """What the lists outside of some folds choose, each fold of these being held out of the others.

        Args:
            losses: by the folds that were left out, (C, B) of the lists in them.
        """
        seen = np.logical_not(self.holding(without))
        table: Losses = np.zeros_like(losses[frozenset({0})])
        for fold in set(range(FOLDS)) - without:
            held = self.within[:, fold] & seen
            table[:, held] += losses[without | {fold}][:, held]
        place, error = cautious_choice(table[:, seen], self.videos[seen])
        each = max(1, int(seen.sum()))
        means = tuple(total / each if math.isfinite(total) else None for total in table.sum(axis=1).tolist())
        return _Chosen(place, means, error / each)


def _one_or_two_folds() -> list[frozenset[int]]:
    return [frozenset(some) for size in (1, 2) for some in itertools.combinations(range(FOLDS), size)]


def cautious_choice(losses: Losses, videos: NDArray[np.int64]) -> tuple[int, float]:
    """The place of the first choice within a standard error of the best one, and this error of its sum.

    Args:
        losses: (C, B) held-out losses of the lists by each choice, the most cautious one first.
        videos: (B,) of each list; those of one video are alike, so the error is over videos.
    """
    totals = losses.sum(axis=1)
    best = int(np.argmin(totals))
    _videos, unit = np.unique(videos, return_inverse=True)
    of_videos = np.bincount(unit, losses[best])
    error = float(math.sqrt(len(of_videos)) * of_videos.std(ddof=1)) if len(of_videos) > 1 else 0.0
    return int(np.argmax(totals <= totals[best] + error)), error


@dataclass(frozen=True, slots=True, eq=False)
class _Fitter:
    """Fits to some of the lists, by each choice.

    Attributes:
        heard, heard_photographs: lists and photographs as a text side hears them, where one is tried.
    """

    choices: tuple[Choice, ...]
    lessons: Lessons
    shipped: Weights
    heard: Hearing | None
    heard_photographs: Hearing | None

    @classmethod
    def of(
        cls, told: Sequence[Listed], lessons: Lessons, shipped: Weights, photographs: Sequence[Listed]
    ) -> _Fitter:
        has_evidence = all(one.evidence is not None for one in told)
        choices = choices_for(len(told) if has_evidence else 0)
        if not any(choice.steps for choice in choices):
            return cls(choices, lessons, shipped, None, None)
        others = None
        if photographs:
            rehearsed, sharpness = photograph_lessons(photographs, shipped)
            others = Hearing.of(photographs, rehearsed, sharpness=sharpness)
        return cls(choices, lessons, shipped, Hearing.of(told, lessons), others)

    def held_out(self, seen: Mask, held: Sequence[Mask]) -> Losses:
        """(C, B) losses of lists by each choice, fitted to others; ∞ where a training was stopped before.

        Args:
            seen: which are fitted to. held: which are measured, fold by fold: none of them decides when the
                training stops for another.
        """
        losses = np.zeros((len(self.choices), len(seen)))
        path = fitted_path(self.lessons.some(torch.from_numpy(seen)), self.shipped)
        for place, weights in enumerate(path):
            own = self.lessons.losses(torch.from_numpy(weights)).numpy()
            losses[place] = np.where(seen, 0.0, own)
        losses[len(STRENGTHS) :, ~seen] = math.inf
        for level in NEEDED_BY:
            going = {
                fold: _Patience(float(losses[0, fold_lists].sum())) for fold, fold_lists in enumerate(held)
            }
            for place, fit in self._after_steps(level, seen):
                for fold in [fold for fold, patience in going.items() if patience.lasts]:
                    own = self._heard_losses(fit, held[fold])
                    losses[place, held[fold]] = own
                    going[fold] = going[fold].after(float(own.sum()))
                if not any(patience.lasts for patience in going.values()):
                    break
        return losses

    def _after_steps(self, level: Level, seen: Mask) -> Iterator[tuple[int, Fit]]:
        """Places of the choices of a level, and the ranking by each, as the training reaches it."""
        places = [place for place, choice in enumerate(self.choices) if choice.level == level]
        return zip(places, self._taught(level, seen), strict=False)

    def _heard_losses(self, fit: Fit, lists: Mask) -> Losses:
        rows = torch.from_numpy(np.flatnonzero(lists))
        if self.heard is None or not len(rows):
            return np.zeros(len(rows))
        found: Losses = self.heard.losses_by(fit, rows).numpy()
        return found

    def fit(self, place: int, seen: Mask) -> Fit:
        """The ranking by a choice, of some lists."""
        choice = self.choices[place]
        if choice.steps is None:
            lessons = self.lessons.some(torch.from_numpy(seen))
            return Fit(fitted_path(lessons, self.shipped)[place])
        assert choice.level in NEEDED_BY
        return next(fit for own, fit in self._after_steps(choice.level, seen) if own == place)

    def _taught(self, level: Level, seen: Mask) -> Iterator[Fit]:
        if self.heard is None or not seen.any():
            return iter(())
        start = start_of(self.lessons.some(torch.from_numpy(seen)), self.shipped)
        return taught(self.heard, np.flatnonzero(seen), start, level, self.heard_photographs)


@dataclass(frozen=True, slots=True)
class _Patience:
    """How long a training goes on.

    Attributes:
        least: held-out loss so far. worse: how often it was no new least, one after the other.
    """

    least: float
    worse: int = 0

    @property
    def lasts(self) -> bool:
        """Whether it goes on."""
        return self.worse < PATIENCE

    def after(self, loss: float) -> _Patience:
        """After another held-out loss."""
        return _Patience(loss) if loss < self.least else _Patience(self.least, self.worse + 1)


def photograph_loss(photographs: Sequence[Listed], fit: Fit) -> float:
    """The mean loss of photographs by a ranking, at the sharpness that suits them best."""
    side = fit.text_side
    own = [one if side is None else replace(one, numbers=one.numbers_by(side)) for one in photographs]
    lessons, sharpness = photograph_lessons(own, fit.weights)
    return float(lessons.losses(sharpness * torch.from_numpy(fit.weights)).sum()) / REHEARSED
