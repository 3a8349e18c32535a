"""Encoders: the one of the settings, where no other is named, and what each costs."""

from __future__ import annotations

from pathlib import Path

import pytest

from mediaindex.assembly import encoders
from mediaindex.config import load_config
from mediaindex.embed import loading
from mediaindex.embed.presets import PRESETS
from mediaindex.errors import EncoderUnavailable
from tests.support.commands import ENCODER, Commands, use_these_encoders


def test_the_encoder_of_the_settings_is_loaded_where_no_other_is_named(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    use_these_encoders(monkeypatch)
    assert encoders.load_encoder(load_config()).spec.name == ENCODER
    with pytest.raises(EncoderUnavailable, match="no such encoder"):
        encoders.load_encoder(load_config(), "no such encoder")


def test_an_imported_encoder_is_looked_for_in_the_library(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    requests: list[tuple[object, ...]] = []

    def load(name: str, **options: object) -> None:
        requests.append((name, *options.values()))

    monkeypatch.setattr(loading, "load_encoder", load)
    config = load_config({"library": str(tmp_path / "mine"), "device": "cpu"})
    encoders.load_encoder(config, "one")
    encoders.load_encoder(
        config, "two", library=tmp_path / "other", device="auto", digest="f00d", arithmetic=None
    )
    assert requests == [
        ("one", "cpu", tmp_path / "mine" / "encoders", config.threads, None, "float32"),
        ("two", "auto", tmp_path / "other" / "encoders", config.threads, "f00d", None),
    ]


def test_every_preset_has_its_costs_without_a_library(library: Path) -> None:
    costs = encoders.encoder_costs(load_config({"library": str(library)}), measure=False)
    assert {cost.name for cost in costs} >= {"builtin", *PRESETS}
    assert not library.exists()


def test_a_device_that_is_not_here_is_refused(library: Path) -> None:
    import torch

    if torch.backends.mps.is_available():
        pytest.skip("this machine has what the test asks for")
    with pytest.raises(EncoderUnavailable):
        encoders.encoder_costs(load_config({"library": str(library), "device": "mps"}), measure=False)


def test_an_import_of_the_library_is_listed(commands: Commands, tmp_path: Path) -> None:
    from tests.support.checkpoints import open_clip_folder

    commands("models", "import", open_clip_folder(tmp_path / "tiny"), "--name", "tiny")
    costs = encoders.encoder_costs(load_config({"library": str(commands.library)}), measure=False)
    assert "tiny" in {cost.name for cost in costs}
