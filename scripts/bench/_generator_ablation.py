"""The paper's ablations on the same data: text queries, one seed, over the corrected similarity.

Variants of inference use the trained network, with the constants that validation chose for its usual
inference; only stage, schedule, negatives, 1000 steps and evidence are trained anew.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import partial

import numpy as np
from bench._generator_answers import (
    Answers,
    OutOfTime,
    answers,
    arrays_of,
    listed_in,
    piece_name,
    train_or_load,
    write_arrays,
)
from bench._generator_recipes import EXACT, MINED, RESIDUAL, Recipe
from bench._generator_results import CORRECTED, Result, cheap_results, learned_results, named, tuned
from bench._generator_study import Study, Table
from bench._generator_table import Comparison
from bench._report import say

from mediaindex.learn.evaluation.generator_trial import candidate_lists
from mediaindex.learn.evaluation.retrieval_trial import Trial
from mediaindex_models.presets import GeneratorSpec
from mediaindex_models.training_config import Stage

EVALUATIONS = (1, 2, 5, 10, 50)
LONG = 1000
COUNTS = (8, 16, 32, 64, 128)
# Text queries of a variant, and of one of 1000 steps.
QUERIES, LONG_QUERIES = 1000, 200

STAGES: tuple[tuple[Stage, str], ...] = (
    ("2", "paper, first stage, then generator"),
    ("joint", "paper, joint"),
    ("generative", "paper, generative"),
)
ALONE = "generator alone"


@dataclass(frozen=True, slots=True)
class Variant:
    """A trained network with another way of inference.

    Attributes:
        spec: how it samples. candidates: K. alone: whether the order is that of x_0, without the score.
    """

    title: str
    recipe: Recipe
    spec: GeneratorSpec
    candidates: int
    queries: int = QUERIES
    alone: bool = False


@dataclass(slots=True)
class Ablation:
    """The ablations of a study whose own pieces exist."""

    study: Study
    quick: bool
    _results: list[tuple[str, Result]] = field(default_factory=list)

    def work_through(self) -> int:
        """Make every piece; return how many are missing where none may be trained. Raises OutOfTime."""
        missing = 0
        for title, make in self._rows():
            try:
                self._results.append((title, make()))
            except OutOfTime:
                if self.study.work.train:
                    raise
                missing += 1
        return missing

    def tables(self) -> list[Table]:
        """One table of the existing results."""
        comparisons = []
        for title, result in self._results:
            cheap = named(cheap_results(self.study.fold()), CORRECTED, "t2v")
            places = _places(cheap.trial, len(result.trial.right))
            against = replace(
                cheap, trial=cheap.trial.some(places), ranks=tuple(ranks[places] for ranks in cheap.ranks)
            )
            comparisons.append(Comparison(title, result, against))
        return (
            [("Ablations, over the corrected similarity of the same queries", comparisons)]
            if comparisons
            else []
        )

    def _rows(self) -> Iterator[tuple[str, Callable[[], Result]]]:
        for variant in self._variants():
            yield variant.title, partial(self._result_of_variant, variant)
        for title, recipe in self._retrained():
            yield title, partial(self._result_of_training, recipe)

    def _variants(self) -> Iterator[Variant]:
        for name in (MINED, RESIDUAL):
            recipe = self.study.recipes[name]
            spec = self.study.spec(name)
            both = Variant("both", recipe, spec, recipe.candidates)
            yield both
            yield replace(both, title=ALONE, alone=True)
            for count in self._some(COUNTS):
                yield replace(both, title=f"{count} candidates", candidates=count)
            for start in ("noise", "zero"):
                for steps in self._some(EVALUATIONS):
                    sampled = replace(spec, sampling="ddim", evaluations=steps, start=start)
                    yield replace(both, title=f"{steps} steps from {start}", spec=sampled)
            unclamped = replace(spec, sampling="ddim", evaluations=0, clamp=False)
            yield replace(both, title="50 steps from noise, no clamp", spec=unclamped)
            yield replace(both, title="once at the noisiest step", spec=replace(spec, sampling="single"))
        mined = self.study.recipes[MINED]
        long = replace(mined, name=f"{MINED}, {LONG} steps", spec=replace(mined.spec, steps=LONG))
        usual = self.study.spec(MINED)
        for steps in (50, LONG):
            spec = replace(long.spec, evaluations=steps, sharpness=usual.sharpness, weight=usual.weight)
            yield Variant(f"{steps} steps from noise", long, spec, long.candidates, LONG_QUERIES)

    def _retrained(self) -> Iterator[tuple[str, Recipe]]:
        mined, exact, residual = (self.study.recipes[name] for name in (MINED, EXACT, RESIDUAL))
        linear = replace(mined.spec, schedule="linear")
        yield "linear schedule", replace(mined, name=f"{MINED}, linear schedule", spec=linear)
        negative = replace(mined.config, negative=-1.0)
        yield "negatives −1", replace(mined, name=f"{MINED}, negatives of -1", config=negative)
        bare = replace(residual.spec, evidence=0)
        yield "no evidence", replace(residual, name=f"{RESIDUAL}, no evidence", spec=bare)
        staged = replace(exact, first_stage=True, tuned=True)
        for stage, name in STAGES:
            config = replace(staged.config, stage=stage)
            yield "stages", replace(staged, name=name, config=config)

    def _some(self, values: Sequence[int]) -> Sequence[int]:
        return values[:1] if self.quick else values

    def _result_of_variant(self, variant: Variant) -> Result:
        study, recipe = self.study, variant.recipe
        fold, seed = study.fold(), study.first_seed
        trial = fold.evaluation[0].some(_places(fold.evaluation[0], variant.queries))
        words = variant.title.replace(" ", "-").replace(",", "")
        file = study.work.folder / f"{piece_name(recipe, fold, seed)}-{words}-{variant.candidates}.npz"
        if not file.exists():
            study.work.require_time()
            generator, _ = train_or_load(recipe, fold, seed, study.work)
            say(f"asking {recipe.name}: {variant.title}")
            generator.spec = replace(variant.spec, sharpness=1.0, weight=1.0)
            score = trial.score(fold.blend, fold.beta if recipe.corrected else None)
            start = time.process_time()
            asked_lists = candidate_lists(trial, score, generator, candidates=variant.candidates)
            spent = 1e3 * (time.process_time() - start) / len(trial.right)
            write_arrays(file, {"milliseconds": np.array(spent), **arrays_of(asked_lists)})
        with np.load(file, allow_pickle=False) as file_arrays:
            arrays = dict(file_arrays)
        lists = listed_in(arrays, trial)
        spec = variant.spec
        own = lists.ranks(replace(spec, recipe="residual", weight=0.0) if variant.alone else spec)
        spent = float(arrays["milliseconds"])
        return Result(recipe.name, trial, (own,), "", lists.score.shape[1], milliseconds=spent)

    def _result_of_training(self, recipe: Recipe) -> Result:
        """A training of its own, with constants of its own."""
        study = self.study
        trained_answers: list[Answers] = [answers(recipe, study.fold(), study.first_seed, study.work)]
        result = learned_results(trained_answers, tuned(recipe, trained_answers, []), recipe.name)[0]
        places = _places(result.trial, QUERIES)
        return replace(
            result, trial=result.trial.some(places), ranks=tuple(own[places] for own in result.ranks)
        )


def _places(trial: Trial, most: int) -> np.ndarray:
    """At most so many of the queries, evenly spread."""
    count = len(trial.right)
    return np.unique(np.linspace(0, count - 1, min(count, most)).astype(np.intp))
