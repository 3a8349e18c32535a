"""What a generator makes of the best candidates of a trial, and its constants, chosen on such lists."""

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
from mediaindex_models.generator import Generator, fused
from mediaindex_models.matcher import Matcher
from mediaindex_models.pairs import Pairs
from mediaindex_models.presets import GeneratorSpec

# c of the final order, the most careful first: of equally good ones it is taken.
WEIGHTS = (32.0, 16.0, 8.0, 4.0, 2.0, 1.0, 0.5, 0.25, 0.0)
# Queries below which a source says nothing of its own.
LEAST_OF_SOURCE = 30

_LISTS = 64
_WORDS = 16


@dataclass(frozen=True, slots=True, eq=False)
class CandidateLists:
    """The lists of Q queries with what a generator says of them.

    Attributes:
        score, clean: (Q, K) what they came with, and x_0.
        place: (Q,) of the right item, K where the list lacks it.
        outside: (Q,) items before the right one by the score.
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
        """Items before the right one, (Q,): what is not in a list keeps its rank."""
        count = self.score.shape[1]
        inside = ranks(self.order(spec).numpy(), np.minimum(self.place, count - 1))
        return np.where(self.place < count, inside, self.outside)


def listed(
    trial: Trial,
    score: Matrix,
    generator: Generator,
    *,
    candidates: int,
    progress: Callable[[int], None] = lambda _done: None,
) -> CandidateLists:
    """The best candidates of every query through a generator.

    Args:
        score: (Q, G) that makes the lists.
        candidates: K, at most one less than the gallery, so that no list has an item out of reach.
        progress: told how many queries are done.
    """
    count = min(candidates, score.shape[1] - 1)
    given = torch.from_numpy(score)
    chosen = given.topk(count, dim=1)
    ranker = generator.ranker(trial.direction)
    clean = []
    for start in range(0, len(score), _LISTS):
        rows = slice(start, min(start + _LISTS, len(score)))
        lists = _lists(trial, trial.asking[rows], chosen.indices[rows], chosen.values[rows], generator.spec)
        clean.append(ranker(lists, seeds=range(rows.start, rows.stop)).clean.cpu())
        progress(rows.stop)
    found = chosen.indices.numpy() == trial.right[:, None]
    place = np.where(found.any(axis=1), found.argmax(axis=1), count)
    return CandidateLists(trial, chosen.values, torch.cat(clean), place, trial.ranks(score))


def without_every_other_answer(trial: Trial, score: Matrix) -> Matrix:
    """The scores with the right item of every second query out of reach, as for a query without an answer."""
    changed = score.copy()
    odd = np.arange(1, len(score), 2)
    changed[odd, trial.right[odd]] = -np.inf
    return changed


def calibration_of(held: CandidateLists, spec: GeneratorSpec) -> Calibration | None:
    """Fitted on queries with and without an answer in their list; None where there are not both."""
    try:
        return fit_calibration(held.order(spec), held.score, torch.from_numpy(held.place))
    except ValueError:
        return None


def best_weight(
    held: Sequence[CandidateLists], spec: GeneratorSpec, queries: Sequence[NDArray[np.bool_]]
) -> float:
    """c of the final order by the worst source: the least gain in reciprocal rank is the largest.

    Args:
        held: both directions. queries: of each, (Q,), those to choose by.
    """
    return max(WEIGHTS, key=lambda weight: _worst_gain(held, replace(spec, weight=weight), queries))


def sources_of(trial: Trial, queries: NDArray[np.bool_]) -> list[NDArray[np.bool_]]:
    """The queries of each source that has enough of them; all of them where none has."""
    names, counts = np.unique(trial.sources[queries], return_counts=True)
    own = [queries & (trial.sources == name) for name in names[counts >= LEAST_OF_SOURCE]]
    return own or [queries]


def matched(pairs: Pairs, matcher: Matcher) -> Matrix:
    """The score of a first stage between all texts and clips, (M, N); the frames have passed it."""
    words, mask = pairs.words, pairs.word_mask
    if words is None or mask is None:
        words = pairs.text[:, None]
        mask = torch.ones(words.shape[:2], dtype=torch.bool, device=words.device)
    with torch.inference_mode():
        parts = [
            matcher.interaction(some, pairs.frames, real, pairs.mask).cpu()
            for some, real in zip(torch.split(words, _WORDS), torch.split(mask, _WORDS), strict=True)
        ]
    whole: Matrix = torch.cat(parts).numpy()
    return whole


def _worst_gain(
    held: Sequence[CandidateLists], spec: GeneratorSpec, queries: Sequence[NDArray[np.bool_]]
) -> float:
    gains = []
    for lists, chosen in zip(held, queries, strict=True):
        gain = 1 / (1 + lists.ranks(spec)) - 1 / (1 + lists.outside)
        gains += [float(gain[own].mean()) for own in sources_of(lists.trial, chosen)]
    return min(gains)


def _lists(
    trial: Trial, asking: torch.Tensor, chosen: torch.Tensor, score: torch.Tensor, spec: GeneratorSpec
) -> Candidates:
    """The candidates (b, K) of some queries."""
    pairs = trial.pairs
    asking, chosen = asking.to(pairs.text.device), chosen.to(pairs.text.device)
    rows = trial.rows.to(chosen.device)
    by_text = trial.direction == "t2v"
    texts, clips = (asking, chosen) if by_text else (rows[chosen], asking)
    evidence = pairs.evidence if spec.evidence else None
    return Candidates(
        trial.direction,
        text=pairs.text[texts],
        video=pairs.frames[clips],
        mask=pairs.mask[clips],
        score=score,
        evidence=None if evidence is None else evidence[clips],
    )
