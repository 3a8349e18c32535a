"""The settings of a training run, and the recipes by name."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from mediaindex_models.errors import UnfitInput
from mediaindex_models.losses import GENERATION_SCALE

Stage = Literal["1", "2", "joint", "generative"]
STAGES: tuple[Stage, ...] = ("1", "2", "joint", "generative")


@dataclass(frozen=True, slots=True)
class TrainingConfig:
    """The settings of a run.

    Attributes:
        stage: 1: similarity by InfoNCE; 2: the generator, features and base ranking frozen;
            joint: both losses move both; generative: the generation loss alone moves both.
        batch: queries per step. candidates: K of its lists.
        gallery: pairs that lists are mined from, at most all clips; best as many as a search will have. With
            None the batch is the gallery and lists are the published ones, the right one first. The same
            holds in joint and generative, which would have to encode a whole gallery at every step.
        blend: weight of the best frame in the base ranking without a matcher.
        learning_rate: the peak, reached after the share `warmup` of all steps; then a cosine to zero.
        negative: x_0 of wrong candidates, 0 or −1. scale: inverse temperature of the generation loss.
        ema: decay of the averaged weights per step; smaller in the first steps.
        clip_norm: largest norm of the whole gradient.
    """

    stage: Stage = "2"
    steps: int = 800
    batch: int = 64
    candidates: int = 32
    gallery: int | None = 1000
    blend: float = 0.5
    learning_rate: float = 1e-3
    weight_decay: float = 0.01
    warmup: float = 0.05
    negative: float = 0.0
    scale: float = GENERATION_SCALE
    ema: float = 0.99
    clip_norm: float = 1.0
    seed: int = 0

    def __post_init__(self) -> None:
        if self.stage not in STAGES:
            raise UnfitInput(f"a stage is one of {', '.join(STAGES)}, not {self.stage!r}")
        for name in ("blend", "learning_rate", "weight_decay", "negative", "scale", "clip_norm"):
            if not math.isfinite(getattr(self, name)):
                raise UnfitInput(f"{name} is a finite number, not {getattr(self, name)}")
        if self.steps < 1 or self.batch < 2 or self.candidates < 2:
            raise UnfitInput("training takes at least one step of two queries with two candidates each")
        if self.mines_in_batch:
            if self.stage != "1" and self.candidates > self.batch:
                raise UnfitInput(f"a batch of {self.batch} cannot fill lists of {self.candidates}")
        elif self.gallery is not None and self.gallery < max(self.batch, self.candidates):
            raise UnfitInput("a gallery holds at least a batch and a list")
        if not (0 <= self.ema < 1 and 0 <= self.warmup < 1):
            raise UnfitInput("ema and warmup lie in 0..1")
        if min(self.learning_rate, self.clip_norm, self.scale) <= 0 or self.weight_decay < 0:
            raise UnfitInput("learning rate, clip_norm and scale lie above 0, weight decay not below")

    @property
    def mines_in_batch(self) -> bool:
        """Whether lists are mined from the batch itself."""
        return self.gallery is None or self.stage != "2"

    def learning_rate_at(self, step: int) -> float:
        """The learning rate of an update, counted from 0: a linear rise, then half a cosine."""
        rising = max(1, round(self.warmup * self.steps))
        if step < rising:
            return self.learning_rate * (step + 1) / rising
        share = (step - rising) / max(1, self.steps - rising)
        return self.learning_rate * 0.5 * (1.0 + math.cos(math.pi * share))


TRAINING: Mapping[str, TrainingConfig] = {
    # published: lists of the whole batch, weight decay 0.2, a low learning rate
    "paper": TrainingConfig(
        steps=7000, batch=128, candidates=128, gallery=None, learning_rate=1e-4, weight_decay=0.2, warmup=0.1
    ),
    "residual": TrainingConfig(),
    "matcher": TrainingConfig(stage="1", steps=2000, batch=128, gallery=None, learning_rate=1e-4),
}
