"""A trial: queries with known answers against a gallery, in one direction, and its cheap rankings.

text → clips: every caption is a query for its clip. clip → texts: every clip is a query for its first
caption, among the first captions of all clips, as in training. The cheap rankings need no network: the mean
frame, its blend with the best frame, and the blend corrected for hubs by a bank of training pairs.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import torch
from numpy.typing import NDArray

from mediaindex.learn.evaluation.metrics import ranks
from mediaindex.learn.features.feature_set import Features
from mediaindex.store.mapped.bank import hubness
from mediaindex_models.pairs import Pairs
from mediaindex_models.similarity import max_frame, mean_frame

Direction = Literal["t2v", "v2t"]
DIRECTIONS: tuple[Direction, ...] = ("t2v", "v2t")

BLENDS = tuple(round(0.1 * tenth, 1) for tenth in range(11))
BETAS = (5.0, 10.0, 20.0, 50.0)
# Queries of a bank, and of a trial.
BANK = 3000
QUERIES = 3000
_ROWS = 256

Matrix = NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class Cosines:
    """Cosines between M texts and N clips, (M, N): of the best frame of a clip, and of its mean frame."""

    best: Matrix
    mean: Matrix

    def blended(self, weight: float) -> Matrix:
        """The blend (M, N): `weight` of the best frame, the rest of the mean frame."""
        return np.asarray(weight * self.best + (1.0 - weight) * self.mean, dtype=np.float32)


def cosines(pairs: Pairs, text: torch.Tensor, clips: slice | torch.Tensor = slice(None)) -> Cosines:
    """Cosines between texts (M, D) and some clips of the pairs, by default all."""
    frames, mask = pairs.frames[clips], pairs.mask[clips]
    parts = torch.split(text, _ROWS)
    best = [max_frame(part, frames, mask).cpu() for part in parts]
    mean = [mean_frame(part, frames, mask).cpu() for part in parts]
    return Cosines(torch.cat(best).numpy(), torch.cat(mean).numpy())


@dataclass(frozen=True, slots=True, eq=False)
class Trial:
    """One direction of one share, with Q queries and a gallery of G items.

    Attributes:
        rows: (G,) the caption of each item's pair; clip → texts also (Q, G), where it depends on the query.
        asking: (Q,) the captions, or clips, that are the queries.
        right: (Q,) the right item of each. groups: (Q,) numbers of the queries' groups.
        sources: (Q,) of the queries' captions.
        plain: cosines (Q, G). bank: cosines (B, G) of training queries with the items.
    """

    direction: Direction
    pairs: Pairs
    rows: torch.Tensor
    asking: torch.Tensor
    right: NDArray[np.intp]
    groups: NDArray[np.intp]
    sources: NDArray[np.str_]
    plain: Cosines
    bank: Cosines

    def score(self, blend: float, beta: float | None = None) -> Matrix:
        """The cheap score (Q, G), corrected for hubs where a beta is given."""
        similarity = self.plain.blended(blend)
        if beta is None:
            return similarity
        return similarity - hubness(self.bank.blended(blend), beta=beta).astype(np.float32)

    def ranks(self, score: Matrix) -> NDArray[np.float64]:
        """Items before the right one, (Q,)."""
        return ranks(score, self.right)

    def some(self, places: NDArray[np.intp]) -> Trial:
        """The same with some of the queries."""
        return replace(
            self,
            asking=self.asking[torch.from_numpy(places)],
            right=self.right[places],
            groups=self.groups[places],
            sources=self.sources[places],
            plain=Cosines(self.plain.best[places], self.plain.mean[places]),
        )


def trials_of(features: Features, pairs: Pairs, bank: Pairs) -> tuple[Trial, ...]:
    """Both directions of a share, each with at most 3000 queries.

    Args:
        pairs: the features as tensors. bank: pairs to train on, whose queries correct for hubs.
    """
    by_clip = np.unique(features.clip, return_index=True)[1]
    firsts = torch.from_numpy(by_clip)
    _, group = np.unique(np.array(features.groups), return_inverse=True)
    sources = np.array(features.sources)
    texts, clips = _spread(len(bank), BANK), _spread(bank.clips, BANK)
    of_texts = cosines(pairs, pairs.text)
    of_clips = Cosines(of_texts.best[by_clip].T, of_texts.mean[by_clip].T)
    clip_bank = cosines(bank, pairs.text[firsts], torch.from_numpy(clips).to(pairs.text.device))
    trials = (
        Trial(
            direction="t2v",
            pairs=pairs,
            rows=firsts,
            asking=torch.arange(len(pairs)),
            right=features.clip.astype(np.intp),
            groups=group[features.clip],
            sources=sources,
            plain=of_texts,
            bank=cosines(pairs, bank.text[torch.from_numpy(texts).to(bank.text.device)]),
        ),
        Trial(
            direction="v2t",
            pairs=pairs,
            rows=firsts,
            asking=torch.arange(pairs.clips),
            right=np.arange(pairs.clips),
            groups=group,
            sources=sources[by_clip],
            plain=of_clips,
            bank=Cosines(clip_bank.best.T, clip_bank.mean.T),
        ),
    )
    return tuple(trial.some(_spread(len(trial.right), QUERIES)) for trial in trials)


def best_blend(trials: Sequence[Trial]) -> float:
    """The blend of the highest mean reciprocal rank over both directions."""
    return max(BLENDS, key=lambda blend: _mean_reciprocal_rank(trials, blend, None))


def best_beta(trials: Sequence[Trial], blend: float) -> float:
    """The beta of the hub correction of the highest mean reciprocal rank over both directions."""
    return max(BETAS, key=lambda beta: _mean_reciprocal_rank(trials, blend, beta))


def training_hubness(pairs: Pairs, *, blend: float, beta: float) -> tuple[Matrix, Matrix]:
    """Hubness of the clips (N,) and of the captions (M,) of pairs that are themselves the bank.

    The bank of a clip lacks its own captions, and that of a caption its own clip, as the bank of a pair
    that was not trained on lacks both.
    """
    texts, clips = _spread(len(pairs), BANK), _spread(pairs.clips, BANK)
    clip_of = pairs.clip.cpu().numpy()
    by_text = cosines(pairs, pairs.text[torch.from_numpy(texts).to(pairs.text.device)]).blended(blend)
    by_text[np.arange(len(texts)), clip_of[texts]] = -np.inf
    by_clip = cosines(pairs, pairs.text, torch.from_numpy(clips).to(pairs.text.device)).blended(blend).T
    by_clip[clips[:, None] == clip_of[None, :]] = -np.inf
    return (
        hubness(by_text, beta=beta).astype(np.float32),
        hubness(by_clip, beta=beta).astype(np.float32),
    )


def _mean_reciprocal_rank(trials: Sequence[Trial], blend: float, beta: float | None) -> float:
    return sum(float(np.mean(1 / (1 + trial.ranks(trial.score(blend, beta))))) for trial in trials)


def _spread(size: int, most: int) -> NDArray[np.intp]:
    """At most `most` of the places 0..size − 1, evenly spread."""
    return np.unique(np.linspace(0, size - 1, min(size, most)).astype(np.intp))
