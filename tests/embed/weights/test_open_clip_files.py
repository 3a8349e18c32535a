"""The files of an open_clip model: of a tag, beside a weights file, in a folder."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from mediaindex.embed.loading import load_encoder
from mediaindex.embed.weights.open_clip_files import files_of_folder, repository_of, text_repositories
from mediaindex.errors import EncoderMismatch, EncoderUnavailable
from tests.support import checkpoints


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return checkpoints.open_clip_folder(tmp_path_factory.mktemp("open_clip") / "tiny")


@pytest.fixture
def small_model(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> str:
    """A model that open_clip knows by name, small enough to write; the registry is put back."""
    from open_clip import factory, pretrained

    configuration = {"tiny-quickgelu": json.loads((tmp_path / "named.json").read_text())}
    monkeypatch.setattr(factory, "_MODEL_CONFIGS", {**factory._MODEL_CONFIGS, **configuration})
    published = {
        "openai": {"hf_hub": "some/tiny/", "mean": (0.0,) * 3, "std": (1.0,) * 3, "quick_gelu": True},
        "unpublished": {"url": "https://example.invalid/tiny.pt"},
    }
    monkeypatch.setattr(pretrained, "_PRETRAINED", {**pretrained._PRETRAINED, "tiny-quickgelu": published})
    return "tiny-quickgelu"


@pytest.fixture
def _named(folder: Path, tmp_path: Path) -> None:
    model = json.loads((folder / "open_clip_config.json").read_text())["model_cfg"]
    (tmp_path / "named.json").write_text(json.dumps(model))


@pytest.mark.usefixtures("_named")
def test_a_file_of_a_known_model_takes_that_models_preprocessing(
    request: pytest.FixtureRequest, folder: Path
) -> None:
    model = request.getfixturevalue("small_model")
    weights = folder / "open_clip_model.safetensors"
    encoder = load_encoder(f"open_clip:{model}/{weights}", device="cpu")
    assert "(x - [0.0, 0.0, 0.0]) / [1.0, 1.0, 1.0]" in encoder.spec.preprocessing
    # the published weights were trained with another activation than the configuration names
    plain = load_encoder(f"open_clip:{folder}", device="cpu").texts(["a dog"]).pooled
    assert not np.allclose(encoder.texts(["a dog"]).pooled, plain, atol=1e-4)


@pytest.mark.usefixtures("_named")
def test_a_file_with_another_ending_is_refused(request: pytest.FixtureRequest, tmp_path: Path) -> None:
    model = request.getfixturevalue("small_model")
    (tmp_path / "weights.npz").write_bytes(b"PK")
    with pytest.raises(EncoderUnavailable, match=r"must end with \.safetensors"):
        load_encoder(f"open_clip:{model}/{tmp_path / 'weights.npz'}", device="cpu")


@pytest.mark.usefixtures("_named")
def test_a_tag_is_read_from_the_hubs_cache_and_hashed_by_its_name(
    request: pytest.FixtureRequest, folder: Path, hub: Path
) -> None:
    model = request.getfixturevalue("small_model")
    blob = hub / "models--some--tiny" / "blobs" / ("ab" * 32)
    snapshot = hub / "models--some--tiny" / "snapshots" / ("0" * 40)
    for made in (blob.parent, snapshot, hub / "models--some--tiny" / "refs"):
        made.mkdir(parents=True)
    blob.write_bytes((folder / "open_clip_model.safetensors").read_bytes())
    (snapshot / "open_clip_model.safetensors").symlink_to(blob)
    (snapshot / "README.md").write_text("---\nlicense: cc-by-nc-4.0\n---\n")
    (hub / "models--some--tiny" / "refs" / "main").write_text("0" * 40)
    encoder = load_encoder(f"open_clip:{model}/openai", device="cpu")
    assert encoder.texts(["a dog"]).pooled.shape == (1, 32)
    assert (encoder.spec.licence, encoder.spec.commercial) == ("cc-by-nc-4.0", False)


@pytest.mark.usefixtures("hub")
def test_a_model_without_its_tokenizer_says_which_is_missing(tmp_path: Path) -> None:
    (tmp_path / "w.safetensors").write_bytes(b"")
    with pytest.raises(EncoderUnavailable, match="tokenizer of ViT-B-32-SigLIP2-256"):
        load_encoder(f"open_clip:ViT-B-32-SigLIP2-256/{tmp_path / 'w.safetensors'}", device="cpu")


def test_a_folder_holds_every_part(tmp_path: Path) -> None:
    folder = checkpoints.open_clip_folder(tmp_path / "words", hf_tokenizer_name="words", vocab_size=14)
    files = files_of_folder(folder)
    assert files.weights == folder / "open_clip_model.safetensors"
    assert files.tokenizer == folder
    assert files.pixels["resize_mode"] == "squash"
    assert files_of_folder(checkpoints.open_clip_folder(tmp_path / "plain")).tokenizer is None


def test_a_folder_that_asks_for_a_hub_or_for_code_is_refused(tmp_path: Path) -> None:
    folder = checkpoints.open_clip_folder(tmp_path / "tiny")
    config = json.loads((folder / "open_clip_config.json").read_text())
    config["model_cfg"]["text_cfg"]["hf_model_name"] = "some/text"
    (folder / "open_clip_config.json").write_text(json.dumps(config))
    with pytest.raises(EncoderUnavailable, match=r"config\.json cannot be read"):
        files_of_folder(folder)
    (folder / "config.json").write_text('{"auto_map": {}}')
    with pytest.raises(EncoderMismatch, match="code of its own, which is never run"):
        files_of_folder(folder)
    (folder / "config.json").write_text("{}")
    assert files_of_folder(folder).model["text_cfg"]["hf_model_name"] == str(folder)


def test_published_weights_lie_in_a_repository() -> None:
    assert repository_of("PE-Core-B-16", "meta") == "timm/PE-Core-B-16"
    with pytest.raises(EncoderUnavailable, match="knows no weights of PE-Core-B-16/none on the hub"):
        repository_of("PE-Core-B-16", "none")


def test_the_text_side_may_lie_in_a_repository_of_its_own() -> None:
    assert text_repositories("ViT-B-32") == set()
    assert text_repositories("ViT-B-32-SigLIP2-256") == {"timm/ViT-B-32-SigLIP2-256"}
    with pytest.raises(EncoderUnavailable, match="knows no model 'ViT-B-3'; did you mean ViT-B-32"):
        text_repositories("ViT-B-3")
