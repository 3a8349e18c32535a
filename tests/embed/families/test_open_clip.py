"""open_clip models from folders, files and the hub's cache; never from the network."""

from __future__ import annotations

import json
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import open_clip
import pytest
import torch
from PIL import Image
from safetensors.torch import load_file, save_file

from mediaindex.embed.loading import load_encoder
from mediaindex.errors import EncoderMismatch, EncoderUnavailable
from tests.support import checkpoints


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return checkpoints.open_clip_folder(tmp_path_factory.mktemp("open_clip") / "tiny")


def test_vectors_are_those_of_open_clip_itself(folder: Path) -> None:
    encoder = load_encoder(f"open_clip:{folder}", device="cpu")
    parts: Any = open_clip.create_model_and_transforms(f"local-dir:{folder}")
    model, _, transform = parts
    tokenizer: Any = open_clip.get_tokenizer(f"local-dir:{folder}")
    model.eval()
    picture = np.random.default_rng(0).integers(0, 256, (50, 70, 3), dtype=np.uint8)
    with torch.inference_mode():
        image = model.encode_image(transform(Image.fromarray(picture))[None]).numpy()
        text = model.encode_text(tokenizer(["a dog!"])).numpy()
    assert np.allclose(encoder.images([picture]).vectors, image, atol=1e-5)
    assert np.allclose(encoder.texts(["a dog!"]).pooled, text, atol=1e-5)


def test_the_end_token_vector_is_the_pooled_one(folder: Path) -> None:
    query = load_encoder(f"open_clip:{folder}", device="cpu").texts(["!! dog !!"], tokens=True)
    assert query.tokens is not None
    assert query.mask is not None
    last = int(query.mask[0].sum()) - 1
    assert np.allclose(query.tokens[0, last], query.pooled[0], atol=1e-5)


def test_weights_of_another_shape_name_the_file(tmp_path: Path) -> None:
    folder = checkpoints.open_clip_folder(tmp_path / "tiny")
    weights = folder / "open_clip_model.safetensors"
    state = load_file(weights)
    state["text_projection"] = torch.zeros(32, 48)
    save_file(state, weights)
    with pytest.raises(EncoderMismatch, match=r"open_clip_model\.safetensors does not fit.*text_projection"):
        load_encoder(f"open_clip:{folder}", device="cpu")


def test_a_missing_weight_names_the_file(tmp_path: Path) -> None:
    folder = checkpoints.open_clip_folder(tmp_path / "tiny")
    weights = folder / "open_clip_model.safetensors"
    state = load_file(weights)
    del state["visual.proj"]
    save_file(state, weights)
    with pytest.raises(EncoderMismatch, match=r"does not fit its model.*visual\.proj"):
        load_encoder(f"open_clip:{folder}", device="cpu")


class _Code:
    def __reduce__(self) -> tuple[object, tuple[str]]:
        return (exec, ("raise SystemExit('code of a checkpoint ran')",))


@pytest.mark.parametrize("kind", ["torch", "pickle"])
def test_code_in_a_checkpoint_is_refused_and_does_not_run(tmp_path: Path, kind: str) -> None:
    folder = checkpoints.open_clip_folder(tmp_path / "tiny")
    (folder / "open_clip_model.safetensors").unlink()
    weights = folder / "open_clip_pytorch_model.bin"
    if kind == "torch":
        torch.save({"state_dict": _Code()}, weights)
    else:
        weights.write_bytes(pickle.dumps(_Code(), protocol=2))
    with pytest.raises(EncoderUnavailable, match=r"it holds more than tensors.*bring it as safetensors"):
        load_encoder(f"open_clip:{folder}", device="cpu")


def test_torch_files_of_tensors_alone_are_read(tmp_path: Path, folder: Path) -> None:
    other = checkpoints.open_clip_folder(tmp_path / "tiny")
    (other / "open_clip_model.safetensors").unlink()
    torch.save(checkpoints.open_clip_state(), other / "weights.pt")
    ours = load_encoder(f"open_clip:{other}", device="cpu").texts(["a dog"]).pooled
    assert np.array_equal(ours, load_encoder(f"open_clip:{folder}", device="cpu").texts(["a dog"]).pooled)


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("{", "is not JSON"),
        ("[" * 100_000, "is not JSON"),
        ("[1]", "is not a JSON object"),
        ("{}", "model_cfg is missing"),
        ('{"model_cfg": {}}', "vision_cfg and text_cfg are needed"),
        (
            '{"model_cfg": {"vision_cfg": {"timm_model_name": "hf-hub:some/where"}, "text_cfg": {}}}',
            "is read from files alone, not from hf-hub:some/where",
        ),
        ('{"model_cfg": {"vision_cfg": {}, "text_cfg": {}}}', "does not fit its model"),
    ],
)
def test_a_wrong_configuration_is_named(tmp_path: Path, text: str, error: str) -> None:
    folder = checkpoints.open_clip_folder(tmp_path / "tiny")
    (folder / "open_clip_config.json").write_text(text)
    with pytest.raises(EncoderMismatch, match=error):
        load_encoder(f"open_clip:{folder}", device="cpu")


def test_a_folder_without_weights_says_so(tmp_path: Path) -> None:
    folder = checkpoints.open_clip_folder(tmp_path / "tiny")
    (folder / "open_clip_model.safetensors").unlink()
    with pytest.raises(EncoderUnavailable, match="holds no weights"):
        load_encoder(f"open_clip:{folder}", device="cpu")


def test_a_text_side_of_transformers_is_read_from_the_folder(tmp_path: Path) -> None:
    from transformers import RobertaConfig

    folder = tmp_path / "hf"
    config = RobertaConfig(
        vocab_size=14,
        hidden_size=32,
        intermediate_size=32,
        num_hidden_layers=1,
        num_attention_heads=2,
        max_position_embeddings=40,
        pad_token_id=0,
        bos_token_id=2,
        eos_token_id=13,
    )
    config.save_pretrained(folder)
    text: dict[str, Any] = {"hf_model_name": str(folder), "hf_model_pretrained": False}
    text["hf_tokenizer_name"] = "words"
    checkpoints.open_clip_folder(folder, **text)
    # as published: the repository of the text model, which is not asked
    written = json.loads((folder / "open_clip_config.json").read_text())
    written["model_cfg"]["text_cfg"]["hf_model_name"] = "some/roberta"
    (folder / "open_clip_config.json").write_text(json.dumps(written))
    encoder = load_encoder(f"open_clip:{folder}", device="cpu")
    assert not encoder.spec.has_tokens
    assert encoder.texts(["a dog"], tokens=True).pooled.shape == (1, 32)
    (folder / "config.json").write_text('{"auto_map": {"AutoModel": "own.Own"}}')
    with pytest.raises(EncoderMismatch, match="code of its own, which is never run"):
        load_encoder(f"open_clip:{folder}", device="cpu")
