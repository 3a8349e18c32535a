"""Trainings and their answers as pieces on disk: existing ones are reused, interrupted ones resumed."""

from __future__ import annotations

import hashlib
import json
import os
import re
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TypeVar

import numpy as np
import torch
from bench._generator_folds import Fold
from bench._generator_recipes import Recipe
from bench._report import say
from numpy.typing import NDArray

from mediaindex.learn.evaluation.generator_trial import CandidateLists, candidate_lists
from mediaindex.learn.evaluation.retrieval_trial import Trial
from mediaindex.learn.training.outcome import BaseRanking, ScoredTrial, scored_trials
from mediaindex.learn.training.plan import shrunk_to_clips
from mediaindex_models.checkpoint import EncoderIdentity, SavedGenerator, load, save
from mediaindex_models.generator import Generator
from mediaindex_models.losses import generation_loss
from mediaindex_models.matcher import Matcher
from mediaindex_models.pairs import Pairs
from mediaindex_models.presets import preset
from mediaindex_models.training import Trainer
from mediaindex_models.training_config import TrainingConfig
from mediaindex_models.training_state import write_state

_SAVE_EVERY = 100
_ARRAYS = ("score", "clean", "place", "outside")


class OutOfTime(Exception):
    """The time limit is over; the state of an unfinished training is kept."""


@dataclass(frozen=True, slots=True)
class Work:
    """The folder of the pieces.

    Attributes:
        encoder: whose features all are of. deadline: of `time.monotonic`. train: False refuses new pieces.
    """

    folder: Path
    encoder: EncoderIdentity
    deadline: float
    train: bool = True

    def require_time(self) -> None:
        """Raise OutOfTime where no piece may be begun or resumed."""
        if not self.train or time.monotonic() > self.deadline:
            raise OutOfTime


@dataclass(frozen=True, slots=True, eq=False)
class Answers:
    """The answers of one training to the queries of a fold, both directions.

    Attributes:
        loss: of generation at the noisiest step from x = 0, over the evaluated text queries whose list
            has the right item. milliseconds: CPU time of one thread per text query, 64 at a time.
    """

    validation: tuple[CandidateLists, ...]
    evaluation: tuple[CandidateLists, ...]
    loss: float
    milliseconds: float


def answers(recipe: Recipe, fold: Fold, seed: int, work: Work) -> Answers:
    """The answers from disk, else computed; trains the network where it is missing. Raises OutOfTime."""
    name = piece_name(recipe, fold, seed)
    file = work.folder / f"{name}-{_plain(fold.name)}-{recipe.candidates}.npz"
    if not file.exists():
        networks = train_or_load(recipe, fold, seed, work)
        say(f"asking {name}")
        _write(file, _answers_of(recipe, fold, *networks))
    return _read(file, fold)


def piece_name(recipe: Recipe, fold: Fold, seed: int) -> str:
    """The folder of a trained network."""
    return _name(recipe.name, recipe, fold, _run(recipe, fold, seed)[0])


def train_or_load(recipe: Recipe, fold: Fold, seed: int, work: Work) -> tuple[Generator, Matcher | None]:
    """The networks of a recipe, from disk, else trained, resuming an interrupted run. Raises OutOfTime."""
    config, pairs = _run(recipe, fold, seed)
    generator = _seeded(seed, lambda: Generator(recipe.spec))
    matcher = None
    if recipe.first_stage:
        matcher = _seeded(seed, lambda: Matcher(recipe.spec.width, layers=1, corrected_padding=True))
        if config.stage == "2":
            alone = replace(config, stage="1", gallery=None)
            _, matcher = _piece(_name("first stage", recipe, fold, alone), alone, pairs, None, matcher, work)
    return _piece(_name(recipe.name, recipe, fold, config), config, pairs, generator, matcher, work)


def _piece(
    name: str,
    config: TrainingConfig,
    pairs: Pairs,
    generator: Generator | None,
    matcher: Matcher | None,
    work: Work,
) -> tuple[Generator, Matcher | None]:
    folder, state = work.folder / name, work.folder / f"{name}.state"
    if not folder.exists():
        work.require_time()
        trainer = Trainer(pairs, config, generator=generator, matcher=matcher)
        _train(trainer, state, work)
        generated, matched = trainer.averaged()
        # a folder always holds a generator: beside a first stage alone, one that was not trained
        generated = generated or Generator(preset("residual", width=pairs.text.shape[1]))
        card = f"# {name}\n\nA network of the science bench.\n"
        save(SavedGenerator(generated, work.encoder, matcher=matched), folder, card=card)
        state.unlink(missing_ok=True)
    loaded = load(folder, encoder=work.encoder)
    return loaded.generator, loaded.matcher


def _train(trainer: Trainer, state: Path, work: Work) -> None:
    start = time.process_time()
    for step in trainer.run(state=state, save_every=_SAVE_EVERY):
        if step.step % _SAVE_EVERY == 0:
            say(f"{state.stem}: step {step.step} of {step.steps}, loss {step.loss:.3f}")
        if time.monotonic() > work.deadline and step.step < step.steps:
            write_state(state, trainer.state())
            raise OutOfTime
    say(f"{state.stem}: {time.process_time() - start:.0f} s of CPU")


Network = TypeVar("Network", bound=torch.nn.Module)


def _seeded(seed: int, make: Callable[[], Network]) -> Network:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return make()


def _run(recipe: Recipe, fold: Fold, seed: int) -> tuple[TrainingConfig, Pairs]:
    pairs = fold.corrected if recipe.corrected else fold.pairs
    if recipe.spec.recipe != "paper" and not recipe.spec.evidence:
        pairs = replace(pairs, evidence=None)
    config = replace(shrunk_to_clips(recipe.config, pairs.clips), seed=seed, blend=fold.blend)
    return config, pairs


def _name(called: str, recipe: Recipe, fold: Fold, config: TrainingConfig) -> str:
    """The name of a piece: readable, and different for other settings or other features."""
    trained_on = [recipe.corrected, fold.beta, fold.digest, fold.pairs.fingerprint]
    settings = json.dumps([asdict(recipe.spec), asdict(config), *trained_on], sort_keys=True)
    key = hashlib.blake2b(settings.encode(), digest_size=6).hexdigest()
    return f"{_plain(called)}-{config.seed}-{key}"


def _plain(words: str) -> str:
    return "-".join(re.findall(r"\w+", words))


def _answers_of(recipe: Recipe, fold: Fold, generator: Generator, matcher: Matcher | None) -> Answers:
    base = BaseRanking(fold.blend, fold.beta, recipe.corrected)

    def of(trials: Sequence[Trial]) -> list[ScoredTrial]:
        return scored_trials(trials, base, matcher)

    def answered(scored_trials: Sequence[ScoredTrial]) -> tuple[CandidateLists, ...]:
        count = recipe.candidates
        return tuple(
            candidate_lists(one.trial, one.score, generator, candidates=count) for one in scored_trials
        )

    validation, evaluation = answered(of(fold.validation)), of(fold.evaluation)
    start = time.process_time()
    by_text = answered(evaluation[:1])
    milliseconds = 1e3 * (time.process_time() - start) / len(by_text[0].place)
    by_clip = answered(evaluation[1:])
    loss = noisiest_loss(
        by_text[0] if generator.spec.sampling == "single" else _once(generator, evaluation[0], recipe)
    )
    return Answers(validation, (*by_text, *by_clip), loss, milliseconds)


def _once(generator: Generator, scored_trial: ScoredTrial, recipe: Recipe) -> CandidateLists:
    """The lists by one evaluation at the noisiest step."""
    generator.spec = replace(generator.spec, sampling="single")
    return candidate_lists(scored_trial.trial, scored_trial.score, generator, candidates=recipe.candidates)


def noisiest_loss(lists: CandidateLists) -> float:
    """The generation loss of the lists that have the right item; x_0 being of the noisiest step."""
    has_answer = torch.from_numpy(lists.place < lists.clean.shape[1])
    if not bool(has_answer.any()):
        return float("nan")
    return float(generation_loss(lists.clean[has_answer], torch.from_numpy(lists.place)[has_answer]))


def write_arrays(file: Path, arrays: Mapping[str, NDArray[np.generic]]) -> None:
    """Write the arrays whole or not at all; never as a pickle."""
    building = file.with_suffix(f".{os.getpid()}")
    with building.open("wb") as stream:
        np.savez(stream, allow_pickle=False, **arrays)
    os.replace(building, file)


def arrays_of(lists: CandidateLists, prefix: str = "") -> dict[str, NDArray[np.generic]]:
    """The arrays that `listed_in` turns back into lists."""
    return {f"{prefix}{name}": np.asarray(getattr(lists, name)) for name in _ARRAYS}


def listed_in(arrays: Mapping[str, NDArray[np.generic]], trial: Trial, prefix: str = "") -> CandidateLists:
    """The lists of a trial."""
    score, clean = (torch.from_numpy(arrays[f"{prefix}{name}"]) for name in ("score", "clean"))
    place = arrays[f"{prefix}place"].astype(np.intp)
    return CandidateLists(trial, score, clean, place, arrays[f"{prefix}outside"].astype(np.float64))


def _write(file: Path, result: Answers) -> None:
    arrays = {"loss": np.array(result.loss), "milliseconds": np.array(result.milliseconds)}
    for share, lists in (("validation", result.validation), ("judged", result.evaluation)):
        for held in lists:
            arrays |= arrays_of(held, f"{share} {held.trial.direction} ")
    write_arrays(file, arrays)


def _read(file: Path, fold: Fold) -> Answers:
    with np.load(file, allow_pickle=False) as stored:
        arrays = dict(stored)

    def of(share: str, trials: Sequence[Trial]) -> tuple[CandidateLists, ...]:
        return tuple(listed_in(arrays, trial, f"{share} {trial.direction} ") for trial in trials)

    return Answers(
        validation=of("validation", fold.validation),
        evaluation=of("judged", fold.evaluation),
        loss=float(arrays["loss"]),
        milliseconds=float(arrays["milliseconds"]),
    )
