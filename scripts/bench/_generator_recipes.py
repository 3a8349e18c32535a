"""The trainings of the generator benchmark, each beside its controls of as many parameters."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import torch

from mediaindex_models.control import parameters
from mediaindex_models.denoiser import PaperDenoiser
from mediaindex_models.presets import GeneratorSpec, preset
from mediaindex_models.residual import ResidualDenoiser
from mediaindex_models.training_config import TRAINING, TrainingConfig

# Candidates at search time; the published lists are half as long.
CANDIDATES, PAPER_CANDIDATES = 64, 32

EXACT, MINED, MINED_TWIN, MINED_POINTWISE = (
    "paper, exact",
    "paper, mined",
    "paper, mined, without diffusion",
    "pointwise, without evidence",
)
RESIDUAL, RESIDUAL_TWIN, RESIDUAL_POINTWISE = "residual", "residual, without diffusion", "pointwise"
RESIDUAL_ON_BLEND = "residual, lists of the blend"


@dataclass(frozen=True, slots=True)
class Recipe:
    """One way to train and to answer.

    Attributes:
        corrected: whether lists come from the corrected ranking; else from the blend.
        candidates: K at inference. tuned: whether validation chooses how x_0 joins the score.
        left_out: whether it is trained without each source, too, by which its c is chosen.
        first_stage: whether a matcher of its own ranks, trained before it (stage 2) or with it.
    """

    name: str
    spec: GeneratorSpec
    config: TrainingConfig
    corrected: bool = True
    candidates: int = CANDIDATES
    tuned: bool = True
    left_out: bool = False
    first_stage: bool = False


@dataclass(frozen=True, slots=True)
class Size:
    """Steps and batch of a training, widths of a residual network."""

    steps: int
    batch: int = 64
    inner: int = 256
    hidden: int = 512


def recipes(width: int, evidence: int, size: Size) -> Mapping[str, Recipe]:
    """All recipes by name, the most important first."""
    mined = replace(TRAINING["residual"], steps=size.steps, batch=size.batch)
    # published: lists of the whole batch; its 7 000 steps of 128 at a tenth of the rate ask for a GPU
    in_batch = replace(
        TRAINING["paper"],
        steps=size.steps,
        batch=size.batch,
        candidates=size.batch,
        learning_rate=mined.learning_rate,
    )

    def spec(name: str, *, read: int = evidence) -> GeneratorSpec:
        spec_of_encoder = preset(name, width=width, evidence=read)
        return (
            spec_of_encoder
            if spec_of_encoder.recipe == "paper"
            else replace(spec_of_encoder, inner=size.inner, hidden=size.hidden)
        )

    pointwise = spec("pointwise", read=0)
    pointwise = replace(pointwise, hidden=_hidden_of_as_many(width, pointwise))
    all_recipes = (
        Recipe(RESIDUAL, spec("residual"), mined, left_out=True),
        Recipe(RESIDUAL_TWIN, spec("residual-without-diffusion"), mined, left_out=True),
        Recipe(RESIDUAL_POINTWISE, spec("pointwise"), mined, left_out=True),
        Recipe(MINED, spec("paper"), mined),
        Recipe(MINED_TWIN, spec("paper-without-diffusion"), mined),
        Recipe(MINED_POINTWISE, pointwise, mined),
        Recipe(EXACT, spec("paper"), in_batch, corrected=False, candidates=PAPER_CANDIDATES, tuned=False),
        Recipe(RESIDUAL_ON_BLEND, spec("residual"), mined, corrected=False, left_out=True),
    )
    return {recipe.name: recipe for recipe in all_recipes}


def _hidden_of_as_many(width: int, spec: GeneratorSpec) -> int:
    """The hidden width with which a pointwise network has as many parameters as the paper's."""
    with torch.device("meta"):
        wanted = parameters(PaperDenoiser(width, direction="t2v"))
        one, two = (
            parameters(ResidualDenoiser(width, direction="t2v", evidence=0, inner=spec.inner, hidden=hidden))
            for hidden in (1, 2)
        )
    return max(1, 1 + round((wanted - one) / (two - one)))
