"""Costs of encoders: for the cached frames of the library, on the device of the settings."""

from __future__ import annotations

from pathlib import Path

import pytest

from mediaindex.cli.shared.encoder_costs import encoder_costs
from mediaindex.config import load_config
from mediaindex.embed.presets import PRESETS
from mediaindex.errors import EncoderUnavailable
from tests.support.commands import Commands


def test_every_preset_has_its_costs_without_a_library(library: Path) -> None:
    costs = encoder_costs(load_config({"library": str(library)}), measure=False)
    assert {cost.name for cost in costs} >= {"builtin", *PRESETS}
    assert not library.exists()


def test_a_device_that_is_not_here_is_refused(library: Path) -> None:
    import torch

    if torch.backends.mps.is_available():
        pytest.skip("this machine has what the test asks for")
    with pytest.raises(EncoderUnavailable):
        encoder_costs(load_config({"library": str(library), "device": "mps"}), measure=False)


def test_an_import_of_the_library_is_listed(commands: Commands, tmp_path: Path) -> None:
    from tests.support.checkpoints import open_clip_folder

    commands("models", "import", open_clip_folder(tmp_path / "tiny"), "--name", "tiny")
    costs = encoder_costs(load_config({"library": str(commands.library)}), measure=False)
    assert "tiny" in {cost.name for cost in costs}
