"""Saved residual generators without torch: what torch would rank, and damaged files by their names."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from mediaindex_models.candidates import Candidates
from mediaindex_models.checkpoint import EncoderIdentity, SavedGenerator, ScorerIdentity, save
from mediaindex_models.checkpoint import load as load_torch
from mediaindex_models.checkpoint_numpy import load
from mediaindex_models.distribution import Calibration
from mediaindex_models.generator import Generator
from mediaindex_models.presets import preset
from mediaindex_models.residual_numpy import probabilities

WIDTH, NUMBERS = 8, 5


@pytest.fixture(params=["residual", "residual-without-diffusion"])
def folder(tmp_path: Path, request: pytest.FixtureRequest) -> Path:
    torch.manual_seed(0)
    spec = replace(preset(request.param, width=WIDTH, numbers=NUMBERS), inner=16, hidden=16)
    made = Generator(spec).eval()
    for weights in made.parameters():
        weights.data += 0.2 * torch.randn_like(weights)
    saved = SavedGenerator(
        made,
        EncoderIdentity("builtin", "0" * 64),
        {"t2v": Calibration(2.0, -2.0, -1.0)},
        scorer=ScorerIdentity("a scorer", 0.05),
    )
    save(saved, tmp_path / "generator", card="A generator of a test.\n")
    return tmp_path / "generator"


def test_both_rank_and_calibrate_alike(folder: Path) -> None:
    numbers, video, text, score = (
        torch.randn(*shape) for shape in ((1, 6, NUMBERS), (1, 6, 2, WIDTH), (1, WIDTH), (1, 6))
    )
    mask = torch.ones(1, 6, 2, dtype=torch.bool)
    lists = Candidates("t2v", text=text, video=video, mask=mask, score=score, numbers=numbers)
    saved, own = load_torch(folder), load(folder)
    expected = saved.generator.ranker("t2v")(lists)
    found = own.network(
        text[0].numpy(), video[0].numpy(), mask[0].numpy(), score[0].numpy(), numbers=numbers[0].numpy()
    )
    np.testing.assert_allclose(found, expected.score[0], atol=1e-4)
    assert (own.scorer, own.deviation, own.evidence) == ("a scorer", 0.05, 0)
    assert own.calibration is not None
    shares, none = probabilities(
        found,
        score[0].numpy(),
        temperature=own.calibration.temperature,
        none_bias=own.calibration.none_bias,
        none_slope=own.calibration.none_slope,
    )
    distribution = expected.distribution(lists, saved.calibration["t2v"])
    np.testing.assert_allclose(shares, distribution.probabilities[0], atol=1e-5)
    assert none == pytest.approx(float(distribution.none[0]), abs=1e-5)


def test_damage_is_told_with_the_name_of_the_file(folder: Path) -> None:
    weights = folder / "model.safetensors"
    content = bytearray(weights.read_bytes())
    content[-5] ^= 0xFF
    weights.write_bytes(content)
    with pytest.raises(ValueError, match=r"model\.safetensors is not the file"):
        load(folder)
    weights.unlink()
    with pytest.raises(ValueError, match=r"model\.safetensors: No such file"):
        load(folder)


def test_other_shapes_and_recipes_are_refused(folder: Path) -> None:
    path = folder / "config.json"
    config = json.loads(path.read_text(encoding="utf-8"))
    path.write_text(json.dumps({**config, "generator": {**config["generator"], "numbers": 3}}))
    with pytest.raises(ValueError, match=r"hidden\.weight is"):
        load(folder)
    path.write_text(json.dumps({**config, "generator": {**config["generator"], "recipe": "paper"}}))
    with pytest.raises(ValueError, match=r"the recipe is paper"):
        load(folder)
    path.write_text("[1]")
    with pytest.raises(ValueError, match=r"model\.safetensors"):
        load(folder)
