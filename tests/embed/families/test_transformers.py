"""transformers models from a folder or the hub's cache; code beside weights never runs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import load_file, save_file

from mediaindex.embed.loading import load_encoder
from mediaindex.errors import EncoderMismatch, EncoderUnavailable
from tests.support import checkpoints


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return checkpoints.clip_folder(tmp_path_factory.mktemp("clip") / "tiny")


def test_clip_vectors_are_those_of_transformers_itself(clip: Path) -> None:
    from transformers import AutoImageProcessor, AutoTokenizer, CLIPModel

    encoder = load_encoder(f"transformers:{clip}", device="cpu")
    model: Any = CLIPModel.from_pretrained(clip).eval()
    processor = AutoImageProcessor.from_pretrained(clip)
    tokenizer = AutoTokenizer.from_pretrained(clip)
    picture = np.random.default_rng(0).integers(0, 256, (50, 70, 3), dtype=np.uint8)
    with torch.inference_mode():
        image = model.get_image_features(**processor(images=Image.fromarray(picture), return_tensors="pt"))
        text = model.get_text_features(**tokenizer(["a dog on the beach"], return_tensors="pt"))
    assert np.allclose(encoder.images([picture]).vectors, image.pooler_output.numpy(), atol=1e-5)
    assert np.allclose(encoder.texts(["a dog on the beach"]).pooled, text.pooler_output.numpy(), atol=1e-5)


def test_the_end_token_vector_is_the_pooled_one(clip: Path) -> None:
    query = load_encoder(f"transformers:{clip}", device="cpu").texts(["a dog"], tokens=True)
    assert query.tokens is not None
    assert np.allclose(query.tokens[0, -1], query.pooled[0], atol=1e-5)


def test_siglip_reads_lower_case_and_its_whole_padding(tmp_path: Path) -> None:
    folder = checkpoints.siglip_folder(tmp_path / "siglip")
    encoder = load_encoder(f"transformers:{folder}", device="cpu")
    query = encoder.texts(["A DOG", "a dog"], tokens=True)
    assert np.array_equal(query.pooled[0], query.pooled[1])
    assert query.tokens is not None
    assert query.tokens.shape[1] == encoder.spec.text_length


@pytest.mark.parametrize("kind", ["shape", "missing"])
def test_weights_that_do_not_fit_name_the_file(tmp_path: Path, kind: str) -> None:
    folder = checkpoints.clip_folder(tmp_path / "clip")
    state = load_file(folder / "model.safetensors")
    if kind == "shape":
        state["text_projection.weight"] = torch.zeros(24, 48)
    else:
        del state["visual_projection.weight"]
    save_file(state, folder / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(EncoderMismatch, match=r"model\.safetensors does not fit its config\.json"):
        load_encoder(f"transformers:{folder}", device="cpu")


def test_a_damaged_file_is_named(tmp_path: Path) -> None:
    folder = checkpoints.clip_folder(tmp_path / "clip")
    (folder / "model.safetensors").write_bytes(b"\x10" + b"\0" * 30)
    with pytest.raises(EncoderUnavailable, match="cannot be read"):
        load_encoder(f"transformers:{folder}", device="cpu")


def test_code_in_a_torch_file_is_refused_and_does_not_run(tmp_path: Path) -> None:
    class Code:
        def __reduce__(self) -> tuple[object, tuple[str]]:
            return (exec, ("raise SystemExit('code of a checkpoint ran')",))

    folder = checkpoints.clip_folder(tmp_path / "clip")
    (folder / "model.safetensors").unlink()
    torch.save({"text_projection.weight": Code()}, folder / "pytorch_model.bin")
    with pytest.raises(EncoderUnavailable, match="cannot be read: it holds more than tensors"):
        load_encoder(f"transformers:{folder}", device="cpu")


def test_a_repository_with_code_of_its_own_is_refused(tmp_path: Path) -> None:
    folder = checkpoints.clip_folder(tmp_path / "clip")
    config = json.loads((folder / "config.json").read_text())
    config |= {"model_type": "own", "auto_map": {"AutoModel": "own.Own", "AutoConfig": "own.Config"}}
    (folder / "config.json").write_text(json.dumps(config))
    (folder / "own.py").write_text("raise SystemExit('code of a repository ran')")
    with pytest.raises(EncoderUnavailable, match="a model of kind 'own'; those read here are clip, siglip"):
        load_encoder(f"transformers:{folder}", device="cpu")


def test_what_is_not_here_is_one_sentence_with_a_remedy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    with pytest.raises(EncoderUnavailable, match="models pull transformers:openai/clip-vit-base-patch32"):
        load_encoder("transformers:openai/clip-vit-base-patch32", device="cpu")
    with pytest.raises(EncoderUnavailable, match="neither a folder with a config"):
        load_encoder(f"transformers:{tmp_path}", device="cpu")


def test_a_repository_is_read_from_the_hubs_cache(
    clip: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    repository = tmp_path / "models--some--clip"
    (repository / "snapshots").mkdir(parents=True)
    (repository / "refs").mkdir()
    (repository / "refs" / "main").write_text("0" * 40)
    (repository / "snapshots" / ("0" * 40)).symlink_to(clip)
    cached = load_encoder("transformers:some/clip", device="cpu")
    assert cached.spec.digest == load_encoder(f"transformers:{clip}", device="cpu").spec.digest
