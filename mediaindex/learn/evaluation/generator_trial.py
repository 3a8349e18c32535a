"""A generator on the candidate lists of a trial: its ranks there, and its constants, chosen on such lists."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray

from mediaindex.learn.evaluation.metrics import ranks
from mediaindex.learn.evaluation.retrieval_trial import Matrix, Trial
from mediaindex_models.candidates import Candidates
from mediaindex_models.distribution import Calibration, fit_calibration
from mediaindex_models.errors import UnfitInput
from mediaindex_models.generator import Generator, fused
from mediaindex_models.matcher import Matcher
from mediaindex_models.pairs import Pairs
from mediaindex_models.presets import GeneratorSpec

# Values of c, the weight of the similarity in the final order; of equally good ones the largest is taken,
# which changes the order least.
WEIGHTS = (32.0, 16.0, 8.0, 4.0, 2.0, 1.0, 0.5, 0.25, 0.0)
# A source with fewer queries is not looked at by itself.
LEAST_OF_SOURCE = 30

_LISTS = 64
_WORDS = 16


@dataclass(frozen=True, slots=True, eq=False)
class CandidateLists:
    """The K best candidates of each of Q queries, with what a generator gives for them.

    Attributes:
        score: (Q, K) that chose the candidates, best first. clean: (Q, K) the generator's x_0.
        place: (Q,) of the right item in its list, K where the list lacks it.
        outside: (Q,) items before the right one by the score, in the whole gallery.
    """

    trial: Trial
    score: torch.Tensor
    clean: torch.Tensor
    place: NDArray[np.intp]
    outside: NDArray[np.float64]

    def order(self, spec: GeneratorSpec) -> torch.Tensor:
        """The final order of the lists, (Q, K)."""
        return fused(spec, self.clean, self.score)

    def ranks(self, spec: GeneratorSpec) -> NDArray[np.float64]:
        """Items before the right one, (Q,); one that its list lacks keeps its rank by the score."""
        count = self.score.shape[1]
        inside = ranks(self.order(spec).numpy(), np.minimum(self.place, count - 1))
        return np.where(self.place < count, inside, self.outside)


def candidate_lists(
    trial: Trial,
    score: Matrix,
    generator: Generator,
    *,
    candidates: int,
    progress: Callable[[int], None] = lambda _done: None,
) -> CandidateLists:
    """The best candidates of every query, and what a generator gives for them.

    Args:
        score: (Q, G) that chooses the candidates.
        candidates: K; at most G − 1 are taken, so that an item out of reach (−inf) is in no list.
        progress: called with the number of queries that are done.
    """
    count = min(candidates, score.shape[1] - 1)
    best = torch.from_numpy(score).topk(count, dim=1)
    ranker = generator.ranker(trial.direction)
    clean = []
    for start in range(0, len(score), _LISTS):
        rows = slice(start, min(start + _LISTS, len(score)))
        lists = _lists(trial, trial.asking[rows], best.indices[rows], best.values[rows], generator.spec)
        clean.append(ranker(lists, seeds=range(rows.start, rows.stop)).clean.cpu())
        progress(rows.stop)
    is_right = best.indices.numpy() == trial.right[:, None]
    place = np.where(is_right.any(axis=1), is_right.argmax(axis=1), count)
    return CandidateLists(trial, best.values, torch.cat(clean), place, trial.ranks(score))


def without_every_other_answer(trial: Trial, score: Matrix) -> Matrix:
    """The scores (Q, G), the right item of every second query at −inf, as for a query without an answer."""
    changed = score.copy()
    odd = np.arange(1, len(score), 2)
    changed[odd, trial.right[odd]] = -np.inf
    return changed


def calibration_of(lists: CandidateLists, spec: GeneratorSpec) -> Calibration | None:
    """The calibration fitted on queries with and without an answer in their list; None without both kinds."""
    try:
        return fit_calibration(lists.order(spec), lists.score, torch.from_numpy(lists.place))
    except UnfitInput:
        return None


def best_weight(
    directions: Sequence[CandidateLists], spec: GeneratorSpec, queries: Sequence[NDArray[np.bool_]]
) -> float:
    """The c of the final order under which the source that gains least in reciprocal rank gains most.

    Args:
        directions: the lists of both. queries: of each direction, (Q,) bool, those to choose by.
    """
    return max(WEIGHTS, key=lambda weight: _worst_gain(directions, replace(spec, weight=weight), queries))


def sources_of(trial: Trial, queries: NDArray[np.bool_]) -> list[NDArray[np.bool_]]:
    """Masks (Q,) of the queries of each source that has enough of them; one of all queries where none has.

    Args:
        queries: (Q,) bool, those that count.
    """
    names, counts = np.unique(trial.sources[queries], return_counts=True)
    by_source = [queries & (trial.sources == name) for name in names[counts >= LEAST_OF_SOURCE]]
    return by_source or [queries]


def matcher_score(pairs: Pairs, matcher: Matcher) -> Matrix:
    """The score of a first stage between all texts and clips, (M, N).

    Args:
        pairs: whose frames went through the matcher (`Pairs.through`).
    """
    words, mask = pairs.words, pairs.word_mask
    if words is None or mask is None:
        words = pairs.text[:, None]
        mask = torch.ones(words.shape[:2], dtype=torch.bool, device=words.device)
    with torch.inference_mode():
        parts = [
            matcher.interaction(some, pairs.frames, real, pairs.mask).cpu()
            for some, real in zip(torch.split(words, _WORDS), torch.split(mask, _WORDS), strict=True)
        ]
    score: Matrix = torch.cat(parts).numpy()
    return score


def _worst_gain(
    directions: Sequence[CandidateLists], spec: GeneratorSpec, queries: Sequence[NDArray[np.bool_]]
) -> float:
    gains = []
    for lists, counted in zip(directions, queries, strict=True):
        gain = 1 / (1 + lists.ranks(spec)) - 1 / (1 + lists.outside)
        gains += [float(gain[of_source].mean()) for of_source in sources_of(lists.trial, counted)]
    return min(gains)


def _lists(
    trial: Trial, asking: torch.Tensor, items: torch.Tensor, score: torch.Tensor, spec: GeneratorSpec
) -> Candidates:
    """The candidates of b queries.

    Args:
        asking: (b,) captions or clips that ask. items: (b, K) of the gallery. score: (b, K).
    """
    pairs = trial.pairs
    asking, items = asking.to(pairs.text.device), items.to(pairs.text.device)
    rows = trial.rows.to(items.device)
    by_text = trial.direction == "t2v"
    if by_text:
        texts, clips = asking, items
    else:
        texts, clips = (rows[items] if rows.ndim == 1 else rows[asking].gather(1, items)), asking
    evidence = pairs.evidence if spec.evidence else None
    return Candidates(
        trial.direction,
        text=pairs.text[texts],
        video=pairs.frames[clips],
        mask=pairs.mask[clips],
        score=score,
        evidence=None if evidence is None else evidence[clips],
    )
