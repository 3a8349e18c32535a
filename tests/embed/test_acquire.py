"""Weights imported and pulled."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from mediaindex.embed.acquire import import_weights, pull
from mediaindex.embed.loading import load_encoder
from mediaindex.embed.weights.files import imported, installed
from mediaindex.errors import EncoderMismatch, EncoderUnavailable, UsageError
from tests.support import checkpoints

pytestmark = pytest.mark.usefixtures("hub")


def test_an_imported_folder_loads_by_its_name_alone(tmp_path: Path) -> None:
    source = checkpoints.open_clip_folder(tmp_path / "source")
    (source / "README.md").write_text("---\nlicense: mit\n---\n")
    (source / "code.py").write_text("raise SystemExit")
    (source / "optimizer.pt").write_bytes(b"large")
    models = tmp_path / "models"
    item = import_weights(source, "tiny", models)
    assert (item.library, item.licence, item.commercial) == ("open_clip", "mit", True)
    assert sorted(path.name for path in item.folder.iterdir()) == [
        "README.md",
        "mediaindex.json",
        "open_clip_config.json",
        "open_clip_model.safetensors",
    ]
    assert [path.name for path in models.iterdir()] == ["tiny"]
    direct = load_encoder(f"open_clip:{source}", device="cpu")
    own = load_encoder("tiny", device="cpu", models=models)
    assert own.spec.name == "tiny"
    assert own.spec.digest == direct.spec.digest
    assert np.array_equal(own.texts(["dog"]).pooled, direct.texts(["dog"]).pooled)
    entry = next(entry for entry in installed(models) if entry.name == "tiny")
    assert (entry.source, entry.licence, entry.present) == ("imported", "mit", True)


def test_an_imported_transformers_folder_loads(tmp_path: Path) -> None:
    item = import_weights(checkpoints.siglip_folder(tmp_path / "source"), "sig", tmp_path / "models")
    assert (item.library, item.licence, item.commercial) == ("transformers", "not stated", False)
    assert load_encoder("sig", device="cpu", models=tmp_path / "models").texts(["a"]).pooled.shape == (1, 32)


def test_a_file_is_imported_under_the_model_it_is_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from open_clip import factory

    source = checkpoints.open_clip_folder(tmp_path / "source")
    model = json.loads((source / "open_clip_config.json").read_text())["model_cfg"]
    monkeypatch.setattr(factory, "_MODEL_CONFIGS", {**factory._MODEL_CONFIGS, "tiny": model})
    weights = source / "open_clip_model.safetensors"
    import_weights(weights, "mine", tmp_path / "models", model="tiny")
    assert load_encoder("mine", device="cpu", models=tmp_path / "models").texts(["a"]).pooled.shape == (1, 32)
    with pytest.raises(UsageError, match="does not say which model it is for"):
        import_weights(weights, "other", tmp_path / "models")


def test_a_presets_weights_of_another_shape_are_not_kept(tmp_path: Path) -> None:
    source = checkpoints.open_clip_folder(tmp_path / "source")
    with pytest.raises(EncoderMismatch, match="does not fit its model"):
        import_weights(source / "open_clip_model.safetensors", "paper", tmp_path / "models")
    assert list((tmp_path / "models").iterdir()) == []


def test_weights_that_give_no_numbers_are_not_kept(tmp_path: Path) -> None:
    source = checkpoints.open_clip_folder(tmp_path / "source")
    state = load_file(source / "open_clip_model.safetensors")
    state["visual.proj"] = torch.full_like(state["visual.proj"], float("nan"))
    save_file(state, source / "open_clip_model.safetensors")
    with pytest.raises(EncoderMismatch, match="the encoder tiny gave numbers that are not finite"):
        import_weights(source, "tiny", tmp_path / "models")
    assert not imported(tmp_path / "models")


def test_nothing_is_overwritten(tmp_path: Path) -> None:
    (tmp_path / "models" / "tiny").mkdir(parents=True)
    with pytest.raises(UsageError, match="exists: remove it first"):
        import_weights(checkpoints.open_clip_folder(tmp_path / "source"), "tiny", tmp_path / "models")


@pytest.mark.parametrize(
    "name", ["builtin", "builtin-free", "", "../up", "a/b", ".hidden", "a" * 65, "new\nline"]
)
def test_an_unfit_name_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(UsageError, match="an encoder's name is letters"):
        import_weights(tmp_path, name, tmp_path / "models")


def test_a_source_that_is_no_encoder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(EncoderUnavailable, match="there is no file or folder"):
        import_weights(tmp_path / "gone", "tiny", tmp_path / "models")
    (tmp_path / "empty").mkdir()
    with pytest.raises(EncoderUnavailable, match=r"neither open_clip_config\.json nor config\.json"):
        import_weights(tmp_path / "empty", "tiny", tmp_path / "models")


@pytest.mark.parametrize("name", ["fast", "transformers:some/model", "open_clip:PE-Core-B-16/meta"])
def test_a_pull_without_network_is_one_sentence(tmp_path: Path, name: str) -> None:
    with pytest.raises(EncoderUnavailable, match="could not be downloaded") as raised:
        pull(name, tmp_path / "models")
    assert "\n" not in str(raised.value)
    assert "mediaindex models import" in str(raised.value)


def test_a_pull_of_nothing_known_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="builtin ships with mediaindex"):
        pull("builtin", tmp_path)
    with pytest.raises(EncoderUnavailable, match="no encoder 'nothing' to pull"):
        pull("nothing", tmp_path)
    with pytest.raises(EncoderUnavailable, match="knows no weights of ViT-B-32/none on the hub"):
        pull("open_clip:ViT-B-32/none", tmp_path)
    import_weights(checkpoints.open_clip_folder(tmp_path / "source"), "tiny", tmp_path / "models")
    with pytest.raises(UsageError, match="was imported and is here already"):
        pull("tiny", tmp_path / "models")
