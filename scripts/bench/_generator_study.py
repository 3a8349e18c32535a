"""The study: its pieces, and the comparisons of its tables."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from bench._generator_answers import Answers, OutOfTime, Work, answers
from bench._generator_folds import Fold, fold_of, sources_to_leave_out
from bench._generator_recipes import (
    EXACT,
    MINED,
    MINED_POINTWISE,
    MINED_TWIN,
    RESIDUAL,
    RESIDUAL_POINTWISE,
    RESIDUAL_TWIN,
    Recipe,
    Size,
    recipes,
)
from bench._generator_results import (
    CORRECTED,
    Result,
    best_cheap,
    cheap_results,
    learned_results,
    named,
    tuned,
    validation_gains,
)
from bench._generator_table import Comparison, over_corrected

from mediaindex.learn.evaluation.generator_trial import WEIGHTS
from mediaindex.learn.evaluation.report import TOLERATED_LOSS
from mediaindex.learn.training.data import TrainingData
from mediaindex_models.presets import GeneratorSpec

Table = tuple[str, Sequence[Comparison]]

# Pairs that are compared beside the comparison with the corrected similarity.
TWINS = (
    (RESIDUAL, RESIDUAL_TWIN),
    (RESIDUAL, RESIDUAL_POINTWISE),
    (RESIDUAL, MINED),
    (MINED, MINED_TWIN),
    (MINED, MINED_POINTWISE),
    (MINED, EXACT),
)


@dataclass(slots=True)
class Study:
    """All pieces of one set of features.

    Attributes:
        seeds, left_out_seeds: trainings of a network with all sources, and without one.
        first_seed: the others follow it. only: names of the recipes that are trained; none means all.
    """

    data: TrainingData
    work: Work
    size: Size
    seeds: int
    left_out_seeds: int
    first_seed: int = 0
    only: Sequence[str] = ()
    recipes: Mapping[str, Recipe] = field(init=False)
    sources: Sequence[str] = field(init=False)
    _folds: dict[str | None, Fold] = field(default_factory=dict)
    _answers: dict[tuple[str, str | None], list[Answers]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.recipes = recipes(self.data.width, self.data.evidence_width, self.size)
        self.sources = sources_to_leave_out(self.data)

    def fold(self, left_out: str | None = None) -> Fold:
        """The fold of a source, made at first use."""
        if left_out not in self._folds:
            self._folds[left_out] = fold_of(self.data, left_out)
        return self._folds[left_out]

    def work_through(self) -> int:
        """Make every piece, the most important first; return how many are missing where none may be trained.

        Raises OutOfTime.
        """
        missing = 0
        for recipe, left_out, seed in self._pieces():
            try:
                piece_answers = answers(recipe, self.fold(left_out), seed, self.work)
            except OutOfTime:
                if self.work.train:
                    raise
                missing += 1
                continue
            self._answers.setdefault((recipe.name, left_out), []).append(piece_answers)
        return missing

    def answers(self, name: str, left_out: str | None = None) -> Sequence[Answers]:
        """The answers of the seeds that exist."""
        return self._answers.get((name, left_out), [])

    def spec(self, name: str, *, without: str | None = None) -> GeneratorSpec:
        """A recipe with its constants from validation; `without`: not from this source."""
        seeds_by_source = [self.answers(name, source) for source in self.sources if source != without]
        return tuned(self.recipes[name], self.answers(name), [seeds for seeds in seeds_by_source if seeds])

    def tables(self) -> list[Table]:
        """In domain, twins, left-out sources."""
        results = self.in_domain()
        names = {result.name for result in results}
        twins = [
            Comparison(f"over {two}", named(results, one, direction), named(results, two, direction))
            for one, two in TWINS
            if {one, two} <= names
            for direction in ("t2v", "v2t")
        ]
        tables: list[Table] = [("In domain, over the corrected similarity", over_corrected("all", results))]
        if twins:
            tables.append(("Twins", twins))
        left_out = [result for source in self.sources for result in self.left_out(source)]
        return [*tables, ("Left out, over the best cheap ranking", left_out)] if left_out else tables

    def in_domain(self) -> list[Result]:
        """All rankings of the test."""
        results = cheap_results(self.fold())
        for name, recipe in self.recipes.items():
            answers_by_seed = self.answers(name)
            if not answers_by_seed:
                continue
            if name == MINED:
                results += learned_results(answers_by_seed, recipe.spec, f"{name}, published τ and α")
            results += learned_results(answers_by_seed, self.spec(name), name)
        return sorted(results, key=lambda result: result.trial.direction)

    def left_out(self, source: str) -> list[Comparison]:
        """Text queries of one source by networks trained without it, beside the fold's best cheap ranking."""
        names = [name for name in self.recipes if self.answers(name, source) and self.answers(name)]
        if not names:
            return []
        fold = self.fold(source)
        results = [named(cheap_results(fold), best_cheap(fold), "t2v")]
        for name in names:
            spec = self.spec(name, without=source)
            results += learned_results(self.answers(name, source), spec, name)[:1]
        queries = len(results[0].trial.right)
        title = f"{source}, {queries} queries"
        return [Comparison(title, result, results[0]) for result in results]

    def by_weight(self, name: str) -> Mapping[float, Sequence[Comparison]]:
        """A ranking at every c: both directions of the test, and text queries of each left-out source."""
        own = self.answers(name)
        if not own:
            return {}
        left_out_answers = {
            source: source_answers
            for source in self.sources
            if (source_answers := self.answers(name, source))
        }
        cheap = cheap_results(self.fold())
        baselines = {
            source: named(cheap_results(self.fold(source)), best_cheap(self.fold(source)), "t2v")
            for source in left_out_answers
        }
        rows: dict[float, Sequence[Comparison]] = {}
        for weight in WEIGHTS:
            spec, title = replace(self.recipes[name].spec, weight=weight), f"c = {weight:g}"
            comparisons = [
                Comparison(title, result, named(cheap, CORRECTED, result.trial.direction))
                for result in learned_results(own, spec, name)
            ]
            comparisons += [
                Comparison(
                    f"{title}, {source}", learned_results(source_answers, spec, name)[0], baselines[source]
                )
                for source, source_answers in left_out_answers.items()
            ]
            rows[weight] = comparisons
        return rows

    def described(self) -> str:
        """The data and the size of the study."""
        fold = self.fold()
        queries = " and ".join(f"{len(trial.right)} {trial.direction}" for trial in fold.evaluation)
        return (
            f"{self.data.encoder}, {self.data.digest[:12]}: {fold.pairs.clips} clips with {len(fold.pairs)} "
            f"captions to train on, {len(self.data.validation.paths)} to choose by, a test gallery of "
            f"{len(fold.evaluation[0].rows)} with {queries} queries; {self.size.steps} steps of "
            f"{self.size.batch} queries a training."
        )

    def verdict(self) -> Iterator[str]:
        """Whether `residual` may be the default."""
        if not self.answers(RESIDUAL):
            return
        results = self.in_domain()
        spec = self.spec(RESIDUAL)
        gain = named(results, RESIDUAL, "t2v").gain(named(results, CORRECTED, "t2v"), "R@1")
        won = "beats" if gain.low > 0 else "does not certainly beat"
        yield (
            f"residual at c = {spec.weight:g} {won} corrected similarity in domain: "
            f"R@1 {gain.value:+.2f} [{gain.low:+.2f}, {gain.high:+.2f}]."
        )
        for source in self.sources:
            for comparison in self.left_out(source):
                if comparison.result.name != RESIDUAL:
                    continue
                lost = comparison.result.gain(comparison.against, "R@1")
                verdict = "within" if lost.value >= TOLERATED_LOSS else "beyond"
                yield (
                    f"{source}, left out: R@1 {lost.value:+.2f} [{lost.low:+.2f}, {lost.high:+.2f}] at "
                    f"{comparison.result.constants}, {verdict} the tolerated {TOLERATED_LOSS}."
                )
        yield f"Least gain in MRR over validation's folds, by c: {self._gains_by_weight()}."

    def _gains_by_weight(self) -> str:
        folds = [self.answers(RESIDUAL), *(self.answers(RESIDUAL, source) for source in self.sources)]
        specs = [replace(self.recipes[RESIDUAL].spec, weight=weight) for weight in WEIGHTS]
        existing = [seeds for seeds in folds if seeds]
        return ", ".join(f"{spec.weight:g}: {min(validation_gains(spec, existing)):+.2f}" for spec in specs)

    def _pieces(self) -> Iterator[tuple[Recipe, str | None, int]]:
        """(recipe, source that is left out, seed): all of one seed before the next one's."""
        chosen_recipes = [
            recipe for recipe in self.recipes.values() if not self.only or recipe.name in self.only
        ]
        first = [recipe for recipe in chosen_recipes if recipe.name in _FIRST]
        others = [recipe for recipe in chosen_recipes if recipe not in first]
        for number in range(self.seeds):
            seed = self.first_seed + number
            for group in (first, others):
                yield from ((recipe, None, seed) for recipe in group)
                if number < self.left_out_seeds:
                    yield from (
                        (recipe, source, seed)
                        for recipe in group
                        if recipe.left_out
                        for source in self.sources
                    )


_FIRST = (RESIDUAL, RESIDUAL_TWIN, RESIDUAL_POINTWISE)
