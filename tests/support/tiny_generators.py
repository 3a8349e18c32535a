"""Tiny generators for the fake encoder, written as a training writes them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import torch

from mediaindex_models.checkpoint import EncoderIdentity, SavedGenerator, save
from mediaindex_models.distribution import Calibration
from mediaindex_models.generator import Generator
from mediaindex_models.matcher import Matcher
from mediaindex_models.presets import preset
from tests.support.fake_encoder import COLOURS, EVIDENCE, FakeEncoder

CALIBRATION = Calibration(1.0, -2.0, -1.0)
ON = {"component": "generator", "on": True, "by": "test", "reason": "MRR +3.00 [+2.00, +4.00] against blend"}
NO_GAIN = "MRR +0.10 [-0.50, +0.70] against blend: no certain gain"
OFF = {"component": "generator", "on": False, "by": "test", "reason": NO_GAIN}


def generator_of(
    recipe: str,
    *,
    width: int = len(COLOURS),
    evidence: int = EVIDENCE,
    numbers: int = 0,
    strength: float = 0.0,
) -> Generator:
    """Fresh weights of seed 0, so that `residual` leaves an order as it is.

    Args:
        strength: of the noise on every weight, with which it orders anew.
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        spec = replace(preset(recipe, width=width, evidence=evidence, numbers=numbers), inner=16, hidden=16)
        made = Generator(spec).eval()
        for weights in made.parameters():
            weights.data += strength * torch.randn_like(weights)
    return made


def write_generator(
    folder: Path,
    recipe: str = "residual",
    *,
    encoder: str = "colours",
    digest: str = FakeEncoder().spec.digest,
    gate: dict[str, Any] | None = ON,
    calibration: Calibration | None = CALIBRATION,
    first_stage: bool = False,
    **shape: Any,
) -> Path:
    """A generator's folder."""
    made = generator_of(recipe, **shape)
    saved = SavedGenerator(
        made,
        EncoderIdentity(encoder, digest),
        {} if calibration is None else {"t2v": calibration},
        {"gates": [] if gate is None else [gate]},
        Matcher(made.spec.width, layers=1, places=8) if first_stage else None,
    )
    save(saved, folder, card="A generator of a test.\n")
    return folder
