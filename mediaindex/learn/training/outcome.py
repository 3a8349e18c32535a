"""A trained network's constants from validation, and its figures from queries that chose none of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace

import numpy as np
import torch

from mediaindex.learn.evaluation.generator_trial import (
    CandidateLists,
    best_weight,
    calibration_of,
    listed,
    matched,
    without_every_other_answer,
)
from mediaindex.learn.evaluation.report import (
    DirectionRanks,
    Ranks,
    as_numbers,
    differences_of,
    gate_of,
    rows_of,
)
from mediaindex.learn.evaluation.retrieval_trial import Matrix, Trial
from mediaindex.learn.features.feature_set import Features
from mediaindex.learn.training.data import TrainingData
from mediaindex.learn.training.plan import fitted
from mediaindex.search.ranking.reranker import CANDIDATES
from mediaindex_models.distribution import Calibration
from mediaindex_models.generator import Generator
from mediaindex_models.matcher import Matcher
from mediaindex_models.objective import Objective
from mediaindex_models.pairs import Pairs
from mediaindex_models.presets import GeneratorSpec
from mediaindex_models.training_config import TrainingConfig

# Queries with and without an answer, that a calibration is fitted on.
CALIBRATED = 1000
# Sources that a report names: subtitles have one a film.
NAMED = 20
_CHECK_SEED = 1


@dataclass(frozen=True, slots=True)
class BaseRanking:
    """The cheap ranking under the generator.

    Attributes:
        blend, beta: chosen by validation. hub_correction: whether lists come from the corrected ranking.
    """

    blend: float
    beta: float
    hub_correction: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class ScoredTrial:
    """A trial with the score (Q, G) that makes its lists, and ranks by ranking."""

    trial: Trial
    score: Matrix
    ranks: Mapping[str, Ranks]


@dataclass(frozen=True, slots=True, eq=False)
class GeneratorEvaluation:
    """What came out.

    Attributes:
        weight: c of the final order, by all of validation; None for the paper's, and after stage 1.
        measured: both directions. calibration: by direction, where it could be fitted.
    """

    weight: float | None
    measured: tuple[DirectionRanks, ...]
    calibration: Mapping[str, Calibration]


def scored(trials: Sequence[Trial], base: BaseRanking, matcher: Matcher | None) -> list[ScoredTrial]:
    """The cheap rankings of a share, and the one of a first stage where there is one."""
    texts = clips = None
    if matcher is not None and trials:
        through = trials[0].pairs.through(matcher)
        trials = [replace(trial, pairs=through) for trial in trials]
        texts = matched(through, matcher)
        clips = texts[trials[0].rows.numpy()].T
    made = []
    for trial in trials:
        ranks = {
            "base": trial.ranks(trial.score(0.0)),
            "blend": trial.ranks(trial.score(base.blend)),
            "corrected": trial.ranks(trial.score(base.blend, base.beta)),
        }
        score = trial.score(base.blend, base.beta if base.hub_correction else None)
        whole = texts if trial.direction == "t2v" else clips
        if whole is not None:
            score = whole[trial.asking.numpy()]
            ranks["matched"] = trial.ranks(score)
        made.append(ScoredTrial(trial, score, ranks))
    return made


def judged(
    validation: Sequence[ScoredTrial],
    test: Sequence[ScoredTrial],
    generator: Generator | None,
    *,
    progress: Callable[[int, int], None],
) -> GeneratorEvaluation:
    """Constants from validation; figures from the test, else from validation by halves.

    Without a test, the queries of each half of the groups are ranked with the constant that the other
    half chose, so that no query is judged by what it decided.

    Args:
        generator: in eval mode; None after stage 1.
    """
    if generator is None:
        return GeneratorEvaluation(
            None, tuple(DirectionRanks(held.trial, held.ranks, 0, 0.0) for held in test or validation), {}
        )
    shares = [*validation, *test]
    total, before = sum(len(held.score) for held in shares), 0
    lists: list[CandidateLists] = []
    for held in shares:
        done = before
        lists.append(
            listed(
                held.trial,
                held.score,
                generator,
                candidates=CANDIDATES,
                progress=lambda ranked, done=done: progress(done + ranked, total),  # type: ignore[misc]
            )
        )
        before += len(held.score)
    own, others = lists[: len(validation)], lists[len(validation) :]
    weight, ranks = _chosen(generator, own, others)
    measured = tuple(
        DirectionRanks(
            held.trial,
            {**held.ranks, "generator": by_generator},
            made.score.shape[1],
            100.0 * float(np.mean(made.place < made.score.shape[1])),
        )
        for held, made, by_generator in zip(test or validation, others or own, ranks, strict=True)
    )
    spec = generator.spec if weight is None else replace(generator.spec, weight=weight)
    return GeneratorEvaluation(weight, measured, calibrated(validation, generator, spec))


def report_of(held: GeneratorEvaluation, data: TrainingData, *, by: str) -> dict[str, object]:
    """The figures as JSON.

    Args:
        by: what they were measured on.
    """
    ranking = "generator" if "generator" in held.measured[0].ranks else "matched"
    trained = frozenset(data.train.sources)
    differences = [row for one in held.measured for row in differences_of(one, ranking, trained)]
    gates = [gate_of(differences, by=by)] if ranking == "generator" else []
    return {
        "data": {
            "train": _share(data.train),
            "validation": _share(data.validation),
            "test": None if data.test is None else _share(data.test),
        },
        "measured_on": by,
        "candidates": held.measured[0].candidates,
        "recall_at_candidates": {one.trial.direction: round(one.found, 2) for one in held.measured},
        "rows": [as_numbers(row) for one in held.measured for row in rows_of(one)],
        "differences": [as_numbers(row) for row in differences],
        "gates": [asdict(gate) for gate in gates],
    }


@torch.no_grad()
def loss_at_noisiest_step(
    pairs: Pairs, config: TrainingConfig, generator: Generator, matcher: Matcher | None
) -> float:
    """The generation loss as inference has it, over one batch, both directions together.

    Args:
        pairs: as they were trained on, or of another share.
    """
    through = pairs if matcher is None else pairs.through(matcher)
    objective = Objective(through, fitted(config, pairs.clips), generator, matcher)
    random = torch.Generator().manual_seed(_CHECK_SEED)
    return float(objective.generation(through.gallery(objective.draw(random)), random, noisiest=True))


def _chosen(
    generator: Generator, validation: Sequence[CandidateLists], test: Sequence[CandidateLists]
) -> tuple[float | None, list[Ranks]]:
    """c by all of validation, and the ranks of the queries to be measured."""
    spec = generator.spec
    if spec.recipe == "paper":  # its constants are published
        return None, [lists.ranks(spec) for lists in test or validation]
    everything = [np.ones(len(lists.place), np.bool_) for lists in validation]
    weight = best_weight(validation, spec, everything)
    if test:
        return weight, [lists.ranks(replace(spec, weight=weight)) for lists in test]
    halves = [lists.trial.groups % 2 == 0 for lists in validation]
    first = best_weight(validation, spec, halves)
    second = best_weight(validation, spec, [~half for half in halves])
    return weight, [
        np.where(half, lists.ranks(replace(spec, weight=second)), lists.ranks(replace(spec, weight=first)))
        for half, lists in zip(halves, validation, strict=True)
    ]


def calibrated(
    validation: Sequence[ScoredTrial], generator: Generator, spec: GeneratorSpec
) -> dict[str, Calibration]:
    """By direction, of the order that the constants of `spec` make, where it could be fitted."""
    fitted_to: dict[str, Calibration] = {}
    for held in validation:
        places = np.unique(np.linspace(0, len(held.score) - 1, CALIBRATED).astype(np.intp))
        trial, score = held.trial.some(places), held.score[places]
        made = listed(trial, without_every_other_answer(trial, score), generator, candidates=CANDIDATES)
        found = calibration_of(made, spec)
        if found is not None:
            fitted_to[trial.direction] = found
    return fitted_to


def _share(features: Features) -> dict[str, object]:
    most = [name for name, _count in Counter(features.sources).most_common(NAMED)]
    return {"clips": len(features.paths), "captions": len(features.captions), "sources": most}
