"""Short training runs on small captioned clips."""

from __future__ import annotations

from dataclasses import replace

import torch

from mediaindex_models.generator import Generator
from mediaindex_models.matcher import Matcher
from mediaindex_models.presets import preset
from mediaindex_models.training import Trainer
from mediaindex_models.training_config import Stage, TrainingConfig
from tests.support.list_features import EVIDENCE, FRAMES, WIDTH, learnable_pairs

SHORT = TrainingConfig(steps=12, batch=6, candidates=5, gallery=10, seed=3)


def small_generator(name: str = "residual", **changes: object) -> Generator:
    torch.manual_seed(0)
    return Generator(replace(preset(name, width=WIDTH, evidence=EVIDENCE), inner=16, hidden=32, **changes))  # type: ignore[arg-type]


def small_matcher() -> Matcher:
    torch.manual_seed(0)
    return Matcher(WIDTH, layers=1, places=FRAMES)


def small_trainer(stage: Stage = "2", **changes: object) -> Trainer:
    """A run on made pairs with the networks of its stage."""
    config = replace(SHORT, stage=stage, **changes)  # type: ignore[arg-type]
    return Trainer(
        learnable_pairs(),
        config,
        generator=None if stage == "1" else small_generator(),
        matcher=None if stage == "2" else small_matcher(),
    )
