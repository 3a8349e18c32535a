"""The plan of a training: its recipe, with steps and batches for a CPU and for the clips that there are."""

from __future__ import annotations

from dataclasses import dataclass, replace

from mediaindex.errors import UsageError
from mediaindex.learn.training.data import TrainingData
from mediaindex_models.errors import UnfitInput
from mediaindex_models.presets import GeneratorSpec, preset
from mediaindex_models.training_config import TRAINING, Stage, TrainingConfig

# The published settings need a GPU: batches of 128 with lists of 128, 7 000 steps.
_PAPER = replace(TRAINING["paper"], steps=800, batch=64, candidates=64, learning_rate=1e-3)
_STEPS_WITH_MATCHER, _BATCH_WITH_MATCHER = 600, 64


@dataclass(frozen=True, slots=True)
class Plan:
    """One training.

    Attributes:
        recipe: name of the preset. spec: of the generator.
        config: of the run; its blend is chosen on validation later.
        half: whether weights are stored as float16.
    """

    recipe: str
    spec: GeneratorSpec
    config: TrainingConfig
    half: bool = False


def plan_training(
    recipe: str, data: TrainingData, *, stage: Stage = "2", steps: int | None = None, seed: int = 0
) -> Plan:
    """The plan of a recipe for some data, with CPU-sized steps and batches.

    Args:
        steps: None takes those of the recipe.

    Raises:
        UsageError: the recipe or the stage is unknown, or there is no step.
    """
    try:
        spec = preset(recipe, width=data.width, evidence=data.evidence_width)
        config = _PAPER if spec.recipe == "paper" else TRAINING["residual"]
        if stage != "2":
            # The first stage learns at its published rate, lower than a generator's on frozen features.
            rate = TRAINING["matcher"].learning_rate
            size = {"steps": _STEPS_WITH_MATCHER, "batch": _BATCH_WITH_MATCHER}
            config = replace(config, stage=stage, gallery=None, learning_rate=rate, **size)
        config = replace(config, seed=seed, steps=config.steps if steps is None else steps)
        return Plan(recipe, spec, shrunk_to_clips(config, data.train.mask.shape[0]))
    except UnfitInput as error:
        raise UsageError(str(error)) from error


def shrunk_to_clips(config: TrainingConfig, clips: int) -> TrainingConfig:
    """The settings with batch, candidate lists and gallery no larger than the number of clips."""
    batch = min(config.batch, clips)
    gallery = None if config.gallery is None else min(config.gallery, clips)
    whole = batch if config.mines_in_batch else clips
    return replace(config, batch=batch, gallery=gallery, candidates=min(config.candidates, whole))
