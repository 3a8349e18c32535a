"""What a caller gave is told apart from a mistake of this package."""

from __future__ import annotations

import pytest
import torch

from mediaindex_models.errors import UnfitInput
from mediaindex_models.generator import Generator
from mediaindex_models.mining import hardest
from mediaindex_models.presets import preset
from mediaindex_models.training_config import TrainingConfig


def test_settings_that_do_not_fit_are_the_callers() -> None:
    with pytest.raises(UnfitInput, match="at least one step"):
        TrainingConfig(steps=0)
    with pytest.raises(UnfitInput, match="cannot fill lists"):
        hardest(torch.zeros(2, 3), torch.zeros(2, dtype=torch.int64), count=4)


def test_a_wrong_call_is_ours() -> None:
    generator = Generator(preset("residual", width=8))
    with pytest.raises(ValueError, match="a direction is") as raised:
        generator.ranker("neither")  # type: ignore[arg-type]
    assert not isinstance(raised.value, UnfitInput)
