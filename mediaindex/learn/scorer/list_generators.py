"""Generators that read what a scorer says of each candidate: trained on lists, measured beside their twins.

Texts ask for clips, which is all that a search does; the network of the other direction stays untrained, and
so keeps the order that it is given.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from mediaindex.learn.evaluation.generator_trial import CandidateLists, best_weight, calibration_of
from mediaindex.learn.evaluation.report import Difference, DirectionRanks, differences_of
from mediaindex.learn.scorer.mixture_trial import ScoredLists, measured_gate, measured_on
from mediaindex.learn.scorer.training import optimiser_of
from mediaindex.learn.training.data import TrainingData
from mediaindex.learn.training.outcome import figures_of, run_of
from mediaindex.learn.training.plan import Plan
from mediaindex.search.ranking.gate import Gate
from mediaindex_models.candidates import Candidates
from mediaindex_models.checkpoint import EncoderIdentity, SavedGenerator, ScorerIdentity
from mediaindex_models.diffusion import one_hot_target
from mediaindex_models.errors import UnfitInput
from mediaindex_models.evidence_mixture import NUMBERS
from mediaindex_models.generator import Generator
from mediaindex_models.losses import generation_loss
from mediaindex_models.presets import GeneratorSpec, preset

GENERATOR, LINEAR = "generator", "linear"
TWINS = {"pointwise": "pointwise", "without diffusion": "residual-without-diffusion"}
"""Name in the report → preset."""
INNER, HIDDEN, DROPOUT = 64, 128, 0.3
"""As of the generators of `builtin` that read numbers: the numbers say most, so a small network is enough."""
BATCH = 128

Progress = Callable[[Mapping[str, Any]], None]


@dataclass(frozen=True, slots=True, eq=False)
class ReadLists:
    """What is left of a scorer's training to train generators on.

    Attributes:
        scorer: digest. mixture: (5,) weights of the linear mixture.
        training: of held-out clips. measured: of `validation`, and of `test` where there are some.
    """

    scorer: str
    mixture: NDArray[np.float32]
    training: tuple[ScoredLists, ...]
    measured: Mapping[str, ScoredLists]


def reading_generator(data: TrainingData, lists: ReadLists, plan: Plan, progress: Progress) -> SavedGenerator:
    """The diffusion generator, with a report of it beside its twins, the mixture and the cheap rankings.

    Args:
        plan: whose steps and seed are taken. progress: called with stage, done, total and note.

    Raises:
        UnfitInput: a loss is not finite.
    """
    names = {**TWINS, GENERATOR: "residual"}
    made = {
        name: _weighed(
            _trained(reading_spec(kind, width=plan.spec.width), lists.training, plan, name, progress),
            lists.measured,
        )
        for name, kind in names.items()
    }
    chosen, validation = made[GENERATOR], lists.measured["validation"]
    calibration = calibration_of(answered(chosen, without_every_other_answer(validation)), chosen.spec)
    return SavedGenerator(
        chosen,
        EncoderIdentity(data.encoder, data.digest),
        {} if calibration is None else {"t2v": calibration},
        _report(data, lists, plan, made),
        scorer=ScorerIdentity(lists.scorer, validation.deviation),
    )


def _report(
    data: TrainingData, lists: ReadLists, plan: Plan, made: Mapping[str, Generator]
) -> dict[str, Any]:
    """The run, and every ranking on what is measured; the last of the generators is the one that is kept."""
    by = measured_on(lists.measured)
    measured, chosen = lists.measured[by], made[GENERATOR]
    ranked = {name: answered(one, measured).ranks(one.spec) for name, one in made.items()}
    direction = measured.direction({LINEAR: measured.ranks(lists.mixture), **ranked})
    sources = frozenset(data.train.sources)
    differences = {name: differences_of(direction, name, sources) for name in (LINEAR, *made)}
    gates = _gates(differences, direction, by=by)
    losses = {
        "train": _loss(chosen, lists.training[0]),
        "validation": _loss(chosen, lists.measured["validation"]),
    }
    every = [row for rows in differences.values() for row in rows]
    return {
        **run_of(data, plan, {"weight": chosen.spec.weight}, losses),
        **figures_of(data, (direction,), every, gates, by=by),
    }


def candidates_of(lists: ScoredLists, rows: NDArray[np.intp]) -> Candidates:
    """What a generator reads of some queries."""
    pairs, numbers = lists.trial.pairs, torch.from_numpy(lists.numbers[rows])
    return Candidates(
        "t2v",
        text=pairs.text[lists.trial.asking[torch.from_numpy(rows)]],
        video=pairs.frames,
        mask=pairs.mask,
        score=lists.deviation * numbers[..., 0],
        chosen=torch.from_numpy(lists.chosen[rows]),
        numbers=numbers,
    )


def answered(generator: Generator, lists: ScoredLists) -> CandidateLists:
    """The lists with what a generator gives for them."""
    own = candidates_of(lists, np.arange(len(lists.place)))
    clean = generator.ranker("t2v")(own).clean
    return CandidateLists(lists.trial, own.score, clean, lists.place, lists.chosen_by)


def without_every_other_answer(lists: ScoredLists) -> ScoredLists:
    """The lists one candidate shorter: every second one lacks the right one, the others their last."""
    queries, count = lists.chosen.shape
    odd = np.arange(queries) % 2 == 1
    dropped = np.where(odd & (lists.place < count), lists.place, count - 1)
    kept = np.arange(count) != dropped[:, None]
    return replace(
        lists,
        chosen=lists.chosen[kept].reshape(queries, count - 1),
        numbers=lists.numbers[kept].reshape(queries, count - 1, -1),
        place=np.where(lists.place == dropped, count - 1, np.minimum(lists.place, count - 1)),
    )


def reading_spec(name: str, *, width: int) -> GeneratorSpec:
    """Of a preset that reads the numbers of a scorer beside vectors of this width."""
    spec = preset(name, width=width, numbers=NUMBERS)
    return replace(spec, inner=INNER, hidden=HIDDEN, dropout=DROPOUT)


def _trained(
    spec: GeneratorSpec, training: Sequence[ScoredLists], plan: Plan, name: str, progress: Progress
) -> Generator:
    """A generator after the steps of a plan, each on queries of one of the lists."""
    steps, numbers = plan.config.steps, np.random.default_rng(plan.config.seed)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(plan.config.seed)
        generator = Generator(spec).train()
        optimiser, rates = optimiser_of(generator.denoiser("t2v"), steps)
        for step in range(1, steps + 1):
            loss = _loss_of_batch(generator, training[int(numbers.integers(len(training)))], numbers)
            if not bool(loss.isfinite()):
                raise UnfitInput(f"the loss of step {step} is not finite; choose another --seed")
            optimiser.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            optimiser.step()
            rates.step()
            note = f"step {step} of {steps}, loss {loss.item():.3f}"
            progress({"stage": f"training, {name}", "done": step, "total": steps, "note": note})
    return generator.eval()


def _loss_of_batch(generator: Generator, lists: ScoredLists, numbers: np.random.Generator) -> Tensor:
    """The generation loss of some queries whose right clip is a candidate, ()."""
    inside = np.flatnonzero(lists.place < lists.chosen.shape[1])
    rows = inside[numbers.integers(len(inside), size=min(BATCH, len(inside)))]
    own, right = candidates_of(lists, rows), torch.from_numpy(lists.place[rows])
    t = torch.randint(len(generator.diffusion.schedule), (len(rows),))
    x = generator.diffusion.noised(one_hot_target(right, own.count), t, torch.randn(len(rows), own.count))
    return generation_loss(generator(x, t, own), right)


def _weighed(generator: Generator, measured: Mapping[str, ScoredLists]) -> Generator:
    """The same with the weight of the score that ranks validation best."""
    lists = answered(generator, measured["validation"])
    weight = best_weight([lists], generator.spec, [np.ones(len(lists.place), np.bool_)])
    generator.spec = replace(generator.spec, weight=weight)
    return generator


def _gates(
    differences: Mapping[str, Sequence[Difference]], direction: DirectionRanks, *, by: str
) -> list[Gate]:
    """The gate of each ranking, that of the generator first: it stays off where the mixture ranks better."""
    gates = {name: replace(measured_gate(rows, by=by), component=name) for name, rows in differences.items()}
    of_generator, of_mixture = (
        100.0 * float(np.mean(1 / (1 + direction.ranks[name]))) for name in (GENERATOR, LINEAR)
    )
    generator = gates.pop(GENERATOR)
    if generator.on and gates[LINEAR].on and of_generator < of_mixture:
        lost = f"the linear mixture has {of_mixture - of_generator:.2f} MRR more, and is on"
        generator = replace(generator, on=False, reason=f"{generator.reason}, but {lost}")
    return [generator, *gates.values()]


def _loss(generator: Generator, lists: ScoredLists) -> float | None:
    """The generation loss as in a search, over the queries whose right clip is a candidate."""
    found = answered(generator, lists)
    inside = found.place < found.score.shape[1]
    if not inside.any():
        return None
    right = torch.from_numpy(found.place[inside])
    return round(float(generation_loss(found.clean[torch.from_numpy(inside)], right)), 4)
