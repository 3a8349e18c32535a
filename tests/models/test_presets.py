"""Recipes by name, and the settings that no network can have."""

from __future__ import annotations

from dataclasses import replace

import pytest

from mediaindex_models.presets import PRESETS, GeneratorSpec, preset


@pytest.mark.parametrize(
    "changes",
    [
        {"recipe": "other"},
        {"sampling": "none"},
        {"schedule": "quadratic"},
        {"width": 0},
        {"width": 1 << 20},
        {"width": 384.0},
        {"evidence": -1},
        {"dropout": 1.0},
        {"weight": float("nan")},
        {"weight": 10**400},
        {"steps": True},
        {"clamp": "false"},
    ],
)
def test_an_impossible_recipe_is_refused(changes: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"is one of|whole number|lies in|true or false"):
        replace(preset("residual", width=8), **changes)  # type: ignore[arg-type]


def test_a_twin_without_diffusion_is_evaluated_once() -> None:
    with pytest.raises(ValueError, match="evaluated once"):
        replace(preset("paper", width=8), diffusion=False)


def test_the_papers_recipe_reads_no_evidence() -> None:
    assert preset("paper", width=8, evidence=4).evidence == 0
    with pytest.raises(ValueError, match="reads no evidence"):
        GeneratorSpec("paper", 8, evidence=4)


def test_an_unknown_preset_is_refused_with_the_known_names() -> None:
    with pytest.raises(ValueError, match="paper, "):
        preset("best", width=8)


@pytest.mark.parametrize("name", list(PRESETS))
def test_a_preset_takes_the_encoders_width(name: str) -> None:
    spec = preset(name, width=384, evidence=256)
    assert spec.width == 384
    assert spec.evidence == (0 if name.startswith("paper") else 256)
    assert spec.starts_from_noise == (name == "paper")
