"""Training from feature files: `mediaindex train` and scripts/finetune.py.

The result appears whole as OUT: model.safetensors, config.json, and README.md, the model card. Until then
OUT.partial keeps the run, which goes on from there, bit for bit on a CPU.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import torch

from mediaindex.errors import EncoderMismatch, MediaIndexError, UsageError
from mediaindex.learn.evaluation.retrieval_trial import Trial, best_beta, best_blend, trials_of
from mediaindex.learn.features.feature_set import Features
from mediaindex.learn.training.curves import Curves
from mediaindex.learn.training.data import TrainingData, at_most, pairs_of
from mediaindex.learn.training.folder import TrainingFolder, writing
from mediaindex.learn.training.interruption import deferred_interrupts
from mediaindex.learn.training.model_card import model_card
from mediaindex.learn.training.outcome import (
    BaseRanking,
    GeneratorEvaluation,
    evaluate_generator,
    loss_at_noisiest_step,
    report_of,
    run_of,
    scored_trials,
)
from mediaindex.learn.training.plan import Plan
from mediaindex_models.checkpoint import (
    CheckpointError,
    EncoderIdentity,
    OtherEncoder,
    SavedGenerator,
    load,
    save,
)
from mediaindex_models.errors import UnfitInput
from mediaindex_models.generator import Generator
from mediaindex_models.matcher import Matcher
from mediaindex_models.pairs import Pairs
from mediaindex_models.presets import GeneratorSpec, preset
from mediaindex_models.training import NonFiniteLoss, Trainer
from mediaindex_models.training_state import write_state

# Steps between two states on disk, and between two points of the loss at the noisiest step.
SAVE_EVERY = 50
# Clips of a gallery that is measured on, as many as lists are mined from.
GALLERY = 1000
NOTHING_FITTED: Mapping[str, None] = {"hubs": None, "confidence": None, "scorer": None}

Progress = Callable[[Mapping[str, Any]], None]
TrainGenerator = Callable[[Plan, Progress], SavedGenerator]


@dataclass(frozen=True, slots=True, eq=False)
class AboutSpace:
    """What was made for the encoder before its generator.

    Attributes:
        report: `hubs`, `confidence` and `scorer`.
        generator: trains a generator that reads the numbers of the scorer; None without one.
    """

    report: Mapping[str, Any] = field(default_factory=lambda: NOTHING_FITTED)
    generator: TrainGenerator | None = None


def train(
    data: TrainingData,
    out: Path,
    plan: Plan,
    *,
    first_stage: Path | None = None,
    device: str = "cpu",
    resume: bool = False,
    about_space: Callable[[], AboutSpace] = AboutSpace,
    progress: Progress = lambda _event: None,
) -> dict[str, Any]:
    """Train, choose the constants, measure, and write OUT; its report.

    Args:
        out: a folder that does not exist yet.
        first_stage: folder of a stage 1 run: stage 2 takes its ranking and its frames, and the other stages
            begin with its weights.
        device: cpu, cuda or mps.
        resume: whether to go on with a run that OUT.partial keeps.
        about_space: fits the encoder's space; called when OUT is free.
        progress: called with stage, done, total and note.

    Raises:
        UsageError: OUT exists, the kept run is another one, or the features do not fit the network.
        EncoderMismatch: the first stage is of another encoder. WriterBusy: another process trains there.
        NoSpace: OUT cannot be written. KeyboardInterrupt: after a signal; the state is kept.
        MediaIndexError: a loss is not finite; a file names the batch, and the last good state is kept.
    """
    identity = EncoderIdentity(data.encoder, data.digest)
    matcher = _matcher(plan, identity, first_stage, data.train.mask.shape[1])
    with TrainingFolder(out, resume=resume) as folder, _in_one_line(folder, device):
        space = about_space()
        reads_scorer = plan.recipe == "residual" and plan.config.stage == "2" and matcher is None
        if space.generator is not None and reads_scorer:
            saved = space.generator(plan, progress)
        else:
            saved = _trained_on_pairs(data, plan, matcher, device, folder, progress)
        saved = replace(saved, report={**saved.report, **space.report})
        with writing(out):
            dtype = torch.float16 if plan.half else torch.float32
            save(saved, out, card=model_card(saved.report), dtype=dtype)
        folder.finish()
    return dict(saved.report)


def _trained_on_pairs(
    data: TrainingData,
    plan: Plan,
    matcher: Matcher | None,
    device: str,
    folder: TrainingFolder,
    progress: Progress,
) -> SavedGenerator:
    """A generator, a first stage or both, trained on mined lists, with their report."""
    progress({"stage": "preparing", "done": 0, "total": None})
    pairs = pairs_of(data.train, device)
    validation, test = _trials(data, pairs)
    blend = best_blend(validation)
    base = BaseRanking(blend, best_beta(validation, blend))
    generator = None if plan.config.stage == "1" else _untrained(plan.spec, plan.config.seed)
    trainer = Trainer(pairs, replace(plan.config, blend=blend), generator=generator, matcher=matcher)
    _run(trainer, folder, progress)
    generator, matcher = trainer.averaged()
    evaluation = evaluate_generator(
        scored_trials(validation, base, matcher),
        scored_trials(test, base, matcher),
        generator,
        progress=lambda done, total: progress({"stage": "measuring", "done": done, "total": total}),
    )
    if generator is not None and evaluation.weight is not None:
        generator.spec = replace(generator.spec, weight=evaluation.weight)
    report = _report(data, plan, base, evaluation, _losses(trainer, generator, matcher, validation))
    # A first stage is saved beside a generator that leaves its order as it is.
    generator = generator or _untrained(preset("residual", width=data.width), plan.config.seed)
    identity = EncoderIdentity(data.encoder, data.digest)
    return SavedGenerator(
        generator.cpu(), identity, evaluation.calibration, report, matcher and matcher.cpu()
    )


def _run(trainer: Trainer, folder: TrainingFolder, progress: Progress) -> None:
    """Run the steps that are left and report each; a signal stops the run after the step that it meets."""
    with deferred_interrupts() as interrupted:
        steps = trainer.run(state=folder.state, save_every=SAVE_EVERY)
        first: int | None = None
        curves: Curves | None = None
        noisiest = ""
        for step in steps:
            if first is None or curves is None:
                first = step.step - 1
                curves = Curves(folder.curves, step=first)
            values = {"loss": step.loss, "learning_rate": step.learning_rate}
            if trainer.generator is not None and step.step % SAVE_EVERY == 0:
                values["loss_at_noisiest_step"] = trainer.loss_at_noisiest_step()
                noisiest = f", {values['loss_at_noisiest_step']:.3f} at the noisiest step"
            curves.add(step.step, values)
            progress(
                {
                    "stage": "training",
                    "done": step.step - first,
                    "total": step.steps - first,
                    "note": f"step {step.step} of {step.steps}, loss {step.loss:.3f}{noisiest}",
                }
            )
            if interrupted() and step.step < step.steps:
                write_state(folder.state, trainer.state())
                curves.close()
                raise KeyboardInterrupt
        if curves is not None:
            curves.close()


@contextmanager
def _in_one_line(folder: TrainingFolder, device: str) -> Iterator[None]:
    """A block in which every error that stops a training becomes one line with its remedy."""
    resumable = f"{folder.partial} keeps the run, and --resume goes on with it"
    try:
        with writing(folder.out):
            yield
    except NonFiniteLoss as error:
        batch = folder.name_batch(error.names)
        shown = ", ".join(error.names[:3])
        raise MediaIndexError(
            f"the loss of step {error.step} is not finite; {batch} names its batch ({shown}, …), and the "
            f"weights before it are kept beside; leave these clips out, or choose another --out and --seed"
        ) from error
    except OtherEncoder as error:
        raise EncoderMismatch(str(error)) from error
    except torch.OutOfMemoryError as error:
        raise MediaIndexError(f"{device} has too little memory; take --device cpu") from error
    except CheckpointError as error:
        raise UsageError(
            f"{error}; to begin anew, remove {folder.partial}, or choose another --out"
        ) from error
    except UnfitInput as error:
        raise UsageError(str(error)) from error
    except KeyboardInterrupt:
        raise KeyboardInterrupt(f"interrupted; {resumable}") from None


def _matcher(plan: Plan, encoder: EncoderIdentity, first_stage: Path | None, frames: int) -> Matcher | None:
    """The first stage of a run: from its folder, a new one where the stage trains one, or none."""
    if first_stage is not None:
        try:
            matcher = load(first_stage, encoder=encoder).matcher
        except OtherEncoder as error:
            raise EncoderMismatch(str(error)) from error
        except CheckpointError as error:
            raise UsageError(f"{error}; 'train --stage 1' makes a first stage") from error
        if matcher is None:
            raise UsageError(f"{first_stage} holds no first stage; 'train --stage 1' makes one")
        return matcher
    if plan.config.stage == "2":
        return None
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(plan.config.seed)
        return Matcher(plan.spec.width, places=max(frames, 77), corrected_padding=True)


def _untrained(spec: GeneratorSpec, seed: int) -> Generator:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return Generator(spec).eval()


def _trials(data: TrainingData, bank: Pairs) -> tuple[Sequence[Trial], Sequence[Trial]]:
    """Both directions of validation, and of the test, none where it is missing."""

    def trials(share: Features | None) -> Sequence[Trial]:
        if share is None:
            return ()
        gallery = at_most(share, GALLERY)
        return trials_of(gallery, pairs_of(gallery, bank.text.device), bank)

    return trials(data.validation), trials(data.test)


def _losses(
    trainer: Trainer, generator: Generator | None, matcher: Matcher | None, validation: Sequence[Trial]
) -> dict[str, float | None]:
    """The loss at the noisiest step, on what was trained on and on validation; None after stage 1."""
    if generator is None:
        return {"train": None, "validation": None}
    pairs = trainer.objective.pairs
    # The frames of stage 2 went through the first stage before.
    training_matcher = None if trainer.config.stage == "2" else matcher
    return {
        "train": round(loss_at_noisiest_step(pairs, trainer.config, generator, training_matcher), 4),
        "validation": round(
            loss_at_noisiest_step(validation[0].pairs, trainer.config, generator, matcher), 4
        ),
    }


def _report(
    data: TrainingData,
    plan: Plan,
    base: BaseRanking,
    evaluation: GeneratorEvaluation,
    losses: Mapping[str, float | None],
) -> dict[str, Any]:
    weight = evaluation.weight if evaluation.weight is not None else plan.spec.weight
    by = "test" if data.test is not None else "validation"
    constants = {"blend": base.blend, "beta": base.beta, "weight": weight}
    return {**run_of(data, plan, constants, losses), **report_of(evaluation, data, by=by)}
