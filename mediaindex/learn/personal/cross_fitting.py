"""Weights for each fifth of the videos by the other four, so that every caption is ranked by weights that
never saw its video; and weights by all, which a search uses.

A video's fold follows from its content alone: it stays the same in the next training, so what was trained
before can be measured without its own answers, too.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mediaindex.learn.personal.fitting import (
    STRENGTHS,
    Lessons,
    Weights,
    chosen_strength,
    fitted_path,
    lessons_of,
)
from mediaindex.learn.personal.lists import Listed

FOLDS = 5


@dataclass(frozen=True, slots=True, eq=False)
class CrossFit:
    """Weights by folds, and by all.

    Attributes:
        weights: (5,) by all examples. by_fold: (FOLDS, 5), each by those of the other folds.
        strength: of `weights`, which cross-validation chose. lessons: how many lists told something.
    """

    weights: Weights
    by_fold: Weights
    strength: float
    lessons: int


def fold_of(content: str) -> int:
    """The fold of a video by the hash of its content."""
    digest = hashlib.blake2b(content.encode("utf-8", "surrogateescape"), digest_size=8, person=b"fold")
    return int.from_bytes(digest.digest()) % FOLDS


def cross_fitted(lists: Sequence[Listed], contents: Mapping[int, str], shipped: Weights) -> CrossFit:
    """Fit the weights of a mixture.

    Args:
        lists: of examples. contents: by video, the hash of its content.
        shipped: (5,) to which they are held.
    """
    lessons, places = lessons_of(lists)
    within = np.zeros((len(places), FOLDS), np.bool_)
    for row, place in enumerate(places):
        within[row, [fold_of(contents[video]) for video in lists[place].example.videos]] = True
    by_fold = []
    for fold in range(FOLDS):
        others = ~within[:, fold]
        weights, _strength = _chosen(lessons.some(others), within[others], shipped)
        by_fold.append(weights)
    weights, strength = _chosen(lessons, within, shipped)
    return CrossFit(weights, np.array(by_fold), strength, len(lessons))


def _chosen(lessons: Lessons, within: NDArray[np.bool_], shipped: Weights) -> tuple[Weights, float]:
    """The weights by all of some lessons, with the strength that ranks held-out folds of these best."""
    import torch

    losses = np.zeros(len(STRENGTHS))
    for fold in range(FOLDS):
        inside = within[:, fold]
        if not inside.any():
            continue
        held = lessons.some(inside)
        path = fitted_path(lessons.some(~inside), shipped)
        losses += [float(held.losses(torch.from_numpy(weights)).sum()) for weights in path]
    place = chosen_strength(losses)
    return fitted_path(lessons, shipped)[place], STRENGTHS[place]
