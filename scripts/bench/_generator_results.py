"""Rankings as ranks, with their constants from validation, and the gain of one over another."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from bench._generator_answers import Answers
from bench._generator_folds import Fold
from bench._generator_recipes import Recipe
from numpy.typing import NDArray

from mediaindex.learn.evaluation.generator_trial import WEIGHTS, CandidateLists
from mediaindex.learn.evaluation.metrics import Interval, paired_bootstrap, ranks
from mediaindex.learn.evaluation.retrieval_trial import Trial
from mediaindex.search.ranking.qb_norm import querybank_normalised
from mediaindex_models.presets import GeneratorSpec

Ranks = NDArray[np.float64]
DEPTHS = (1, 5, 10)
METRICS = (*(f"R@{depth}" for depth in DEPTHS), "MRR")
BASE, BLEND, CORRECTED, QB_NORM = "base: mean frame", "blend", "corrected", "QB-Norm"
CHEAP = (BASE, BLEND, CORRECTED)

# τ and α of S + α softmax(τ x_0): the published pair is among them.
SHARPNESSES = (1.0, 3.0, 10.0, 30.0, 100.0)
ALPHAS = (0.003, 0.01, 0.03, 0.1, 0.3, 1.0)


@dataclass(frozen=True, slots=True, eq=False)
class Result:
    """One ranking of one direction of one fold.

    Attributes:
        ranks: (Q,) by seed; a ranking that does not learn has one.
        constants: by validation, in words. candidates: K.
        ceiling: of R@1, the percentage of queries whose right item is among the candidates.
        loss: at the noisiest step. milliseconds: of a query.
    """

    name: str
    trial: Trial
    ranks: tuple[Ranks, ...]
    constants: str = ""
    candidates: int | None = None
    ceiling: float | None = None
    loss: float | None = None
    milliseconds: float | None = None

    @property
    def figures(self) -> Mapping[str, NDArray[np.float64]]:
        """Of each query (Q,), in percent, MRR times 100: the mean over seeds."""
        ranks = np.stack(self.ranks)
        recalls = {f"R@{depth}": 100.0 * np.mean(ranks < depth, axis=0) for depth in DEPTHS}
        return {**recalls, "MRR": 100.0 * np.mean(1.0 / (1.0 + ranks), axis=0)}

    def value(self, metric: str) -> float:
        """The mean over all queries."""
        return float(self.figures[metric].mean())

    def gain(self, other: Result, metric: str, *, seed: int = 0) -> Interval:
        """Query by query over another, with a bootstrap over the items asked for."""
        difference = self.figures[metric] - other.figures[metric]
        return paired_bootstrap(difference, self.trial.groups, seed=seed)


def cheap_results(fold: Fold, *, of: str = "evaluation") -> list[Result]:
    """The rankings without learning, both directions; `of`: evaluation or validation."""
    results = []
    for trial in getattr(fold, of):
        blend = trial.score(fold.blend)
        scores = {
            BASE: trial.score(0.0),
            BLEND: blend,
            CORRECTED: trial.score(fold.blend, fold.beta),
            QB_NORM: querybank_normalised(blend, trial.bank.blended(fold.blend), beta=fold.beta),
        }
        constants = {BLEND: f"w = {fold.blend:g}", CORRECTED: f"β = {fold.beta:g}"}
        for name, score in scores.items():
            results.append(Result(name, trial, (ranks(score, trial.right),), constants.get(name, "")))
    return results


def best_cheap(fold: Fold) -> str:
    """The cheap ranking with the best MRR on text queries of validation."""
    results = [result for result in cheap_results(fold, of="validation") if result.trial.direction == "t2v"]
    return max(
        (result for result in results if result.name in CHEAP), key=lambda result: result.value("MRR")
    ).name


def learned_results(answers_by_seed: Sequence[Answers], spec: GeneratorSpec, name: str) -> list[Result]:
    """Both directions of a training with the constants of `spec`, its seeds together."""
    if spec.recipe == "paper":
        constants = f"τ = {spec.sharpness:g}, α = {spec.weight:g}"
    else:
        constants = f"c = {spec.weight:g}"
    results = []
    for place, first in enumerate(answers_by_seed[0].evaluation):
        lists_by_seed = [answers.evaluation[place] for answers in answers_by_seed]
        by_text = first.trial.direction == "t2v"
        results.append(
            Result(
                name,
                first.trial,
                tuple(lists.ranks(spec) for lists in lists_by_seed),
                constants,
                first.score.shape[1],
                100.0 * float(np.mean(first.place < first.score.shape[1])),
                float(np.mean([answers.loss for answers in answers_by_seed])) if by_text else None,
                float(np.mean([answers.milliseconds for answers in answers_by_seed])) if by_text else None,
            )
        )
    return results


def tuned(recipe: Recipe, own: Sequence[Answers], left_out: Sequence[Sequence[Answers]]) -> GeneratorSpec:
    """The recipe's spec with its constants from validation.

    paper: τ and α of the highest reciprocal rank. The others: c by the worst source. `own`, and each of
    `left_out`, are the seeds of one fold; a fold and direction is a source of its own.
    """
    if not recipe.tuned:
        return recipe.spec
    if recipe.spec.recipe == "paper":
        pairs = itertools.product(SHARPNESSES, ALPHAS)
        candidate_specs = [replace(recipe.spec, sharpness=tau, weight=alpha) for tau, alpha in pairs]
    else:
        candidate_specs = [replace(recipe.spec, weight=weight) for weight in WEIGHTS]
    return max(candidate_specs, key=lambda spec: min(validation_gains(spec, [own, *left_out])))


def validation_gains(spec: GeneratorSpec, folds: Sequence[Sequence[Answers]]) -> list[float]:
    """Gain in MRR times 100 over the score that made the lists, of each fold and direction."""
    return [
        float(np.mean([_gain(answers.validation[place], spec) for answers in seeds]))
        for seeds in folds
        for place in range(len(seeds[0].validation))
    ]


def _gain(lists: CandidateLists, spec: GeneratorSpec) -> float:
    return 100.0 * float(np.mean(1.0 / (1.0 + lists.ranks(spec)) - 1.0 / (1.0 + lists.outside)))


def named(results: Sequence[Result], name: str, direction: str) -> Result:
    """The result of a ranking in a direction."""
    return next(result for result in results if result.name == name and result.trial.direction == direction)
