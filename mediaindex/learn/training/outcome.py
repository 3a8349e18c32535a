"""The outcome of a training: its constants by validation, its figures by queries that chose none of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
import torch

from mediaindex.learn.evaluation.generator_trial import (
    CandidateLists,
    best_weight,
    calibration_of,
    candidate_lists,
    matcher_score,
    without_every_other_answer,
)
from mediaindex.learn.evaluation.report import (
    Difference,
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
from mediaindex.learn.training.plan import Plan, shrunk_to_clips
from mediaindex.search.answer import CANDIDATES
from mediaindex.search.ranking.gate import Gate
from mediaindex_models.distribution import Calibration
from mediaindex_models.generator import Generator
from mediaindex_models.matcher import Matcher
from mediaindex_models.objective import Objective
from mediaindex_models.pairs import Pairs
from mediaindex_models.presets import GeneratorSpec
from mediaindex_models.training_config import TrainingConfig

# Queries that a calibration is fitted on, half of them with the answer in their list.
CALIBRATED = 1000
# Sources that a report names at the most: of subtitles, every film is one.
NAMED = 20
_CHECK_SEED = 1


@dataclass(frozen=True, slots=True)
class BaseRanking:
    """The cheap ranking that chooses the generator's candidates.

    Attributes:
        blend, beta: chosen by validation. hub_correction: whether lists come from the corrected ranking.
    """

    blend: float
    beta: float
    hub_correction: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class ScoredTrial:
    """A trial with its rankings before the generator's.

    Attributes:
        score: (Q, G) that chooses the candidates. ranks: (Q,) by the name of the ranking.
    """

    trial: Trial
    score: Matrix
    ranks: Mapping[str, Ranks]


@dataclass(frozen=True, slots=True, eq=False)
class GeneratorEvaluation:
    """The constants of a generator and its ranks.

    Attributes:
        weight: c of the final order, by all of validation; None for the paper's, and after stage 1.
        directions: the ranks of both. calibration: by direction, where it could be fitted.
    """

    weight: float | None
    directions: tuple[DirectionRanks, ...]
    calibration: Mapping[str, Calibration]


def scored_trials(trials: Sequence[Trial], base: BaseRanking, matcher: Matcher | None) -> list[ScoredTrial]:
    """The trials of a share with their cheap rankings, and with that of a first stage where there is one."""
    texts = clips = None
    if matcher is not None and trials:
        through = trials[0].pairs.through(matcher)
        trials = [replace(trial, pairs=through) for trial in trials]
        texts = matcher_score(through, matcher)
        clips = texts[trials[0].rows.numpy()].T
    scored = []
    for trial in trials:
        ranks = {
            "base": trial.ranks(trial.score(0.0)),
            "blend": trial.ranks(trial.score(base.blend)),
            "corrected": trial.ranks(trial.score(base.blend, base.beta)),
        }
        score = trial.score(base.blend, base.beta if base.hub_correction else None)
        by_matcher = texts if trial.direction == "t2v" else clips
        if by_matcher is not None:
            score = by_matcher[trial.asking.numpy()]
            ranks["matched"] = trial.ranks(score)
        scored.append(ScoredTrial(trial, score, ranks))
    return scored


def evaluate_generator(
    validation: Sequence[ScoredTrial],
    test: Sequence[ScoredTrial],
    generator: Generator | None,
    *,
    progress: Callable[[int, int], None],
) -> GeneratorEvaluation:
    """Constants from validation; figures from the test, else from validation by halves.

    Without a test, the queries of each half of the groups are ranked with the constant that the other
    half chose, so that no query chooses what it is measured with.

    Args:
        test: empty where there is none.
        generator: in eval mode; None after stage 1.
        progress: called with the queries that are done, and all of them.
    """
    measured = test or validation
    if generator is None:
        ranks_before = (DirectionRanks(scored.trial, scored.ranks, 0, 0.0) for scored in measured)
        return GeneratorEvaluation(None, tuple(ranks_before), {})
    lists = _candidate_lists([*validation, *test], generator, progress)
    of_validation, of_test = lists[: len(validation)], lists[len(validation) :]
    weight, ranks = _weight_and_ranks(generator, of_validation, of_test)
    directions = tuple(
        DirectionRanks(
            scored.trial,
            {**scored.ranks, "generator": by_generator},
            candidates.score.shape[1],
            100.0 * float(np.mean(candidates.place < candidates.score.shape[1])),
        )
        for scored, candidates, by_generator in zip(measured, of_test or of_validation, ranks, strict=True)
    )
    spec = generator.spec if weight is None else replace(generator.spec, weight=weight)
    return GeneratorEvaluation(weight, directions, _calibrations(validation, generator, spec))


def report_of(evaluation: GeneratorEvaluation, data: TrainingData, *, by: str) -> dict[str, Any]:
    """The figures as JSON.

    Args:
        by: what they were measured on.
    """
    directions = evaluation.directions
    ranking = "generator" if "generator" in directions[0].ranks else "matched"
    sources = frozenset(data.train.sources)
    differences = [row for one in directions for row in differences_of(one, ranking, sources)]
    gates = [gate_of(differences, by=by)] if ranking == "generator" else []
    return figures_of(data, directions, differences, gates, by=by)


def run_of(
    data: TrainingData,
    plan: Plan,
    constants: Mapping[str, float],
    losses: Mapping[str, float | None],
) -> dict[str, Any]:
    """What a run was, as JSON.

    Args:
        constants: that validation chose. losses: at the noisiest step, of `train` and `validation`.
    """
    return {
        "encoder": data.encoder,
        "digest": data.digest,
        "recipe": plan.recipe,
        "stage": plan.config.stage,
        "steps": plan.config.steps,
        "seed": plan.config.seed,
        "held_out": data.held_out,
        "overlap": data.overlap,
        "constants": dict(constants),
        "loss_at_noisiest_step": dict(losses),
    }


def figures_of(
    data: TrainingData,
    directions: Sequence[DirectionRanks],
    differences: Sequence[Difference],
    gates: Sequence[Gate],
    *,
    by: str,
) -> dict[str, Any]:
    """The figures of rankings as JSON.

    Args:
        directions: what is measured; differences, gates: of trained rankings. by: what on.
    """
    return {
        "data": {
            "train": _share(data.train),
            "validation": _share(data.validation),
            "test": None if data.test is None else _share(data.test),
        },
        "measured_on": by,
        "candidates": directions[0].candidates,
        "recall_at_candidates": {
            one.trial.direction: round(one.recall_at_candidates, 2) for one in directions
        },
        "rows": [as_numbers(row) for one in directions for row in rows_of(one)],
        "differences": [as_numbers(row) for row in differences],
        "gates": [asdict(gate) for gate in gates],
    }


@torch.no_grad()
def loss_at_noisiest_step(
    pairs: Pairs, config: TrainingConfig, generator: Generator, matcher: Matcher | None
) -> float:
    """The generation loss at the step at which inference begins, over one batch, both directions together.

    Args:
        pairs: those that were trained on, or of another share.
        matcher: what their frames go through first; None where they did, or where there is no first stage.
    """
    through = pairs if matcher is None else pairs.through(matcher)
    objective = Objective(through, shrunk_to_clips(config, pairs.clips), generator, matcher)
    random = torch.Generator().manual_seed(_CHECK_SEED)
    return float(objective.generation(through.gallery(objective.draw(random)), random, noisiest=True))


def _candidate_lists(
    shares: Sequence[ScoredTrial], generator: Generator, progress: Callable[[int, int], None]
) -> list[CandidateLists]:
    total, before = sum(len(scored.score) for scored in shares), 0
    lists: list[CandidateLists] = []
    for scored in shares:
        lists.append(
            candidate_lists(
                scored.trial,
                scored.score,
                generator,
                candidates=CANDIDATES,
                progress=lambda ranked, done=before: progress(done + ranked, total),  # type: ignore[misc]
            )
        )
        before += len(scored.score)
    return lists


def _weight_and_ranks(
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
    by_first = replace(spec, weight=best_weight(validation, spec, halves))
    by_second = replace(spec, weight=best_weight(validation, spec, [~half for half in halves]))
    return weight, [
        np.where(half, lists.ranks(by_second), lists.ranks(by_first))
        for half, lists in zip(halves, validation, strict=True)
    ]


def _calibrations(
    validation: Sequence[ScoredTrial], generator: Generator, spec: GeneratorSpec
) -> dict[str, Calibration]:
    """By direction, of the order that the constants of `spec` make, where one could be fitted."""
    calibrations: dict[str, Calibration] = {}
    for scored in validation:
        places = np.unique(np.linspace(0, len(scored.score) - 1, CALIBRATED).astype(np.intp))
        trial = scored.trial.some(places)
        score = without_every_other_answer(trial, scored.score[places])
        calibration = calibration_of(candidate_lists(trial, score, generator, candidates=CANDIDATES), spec)
        if calibration is not None:
            calibrations[trial.direction] = calibration
    return calibrations


def _share(features: Features) -> dict[str, object]:
    sources = [name for name, _count in Counter(features.sources).most_common(NAMED)]
    return {"clips": len(features.paths), "captions": len(features.captions), "sources": sources}
