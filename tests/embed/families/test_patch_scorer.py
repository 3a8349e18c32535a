"""Evidence of regions by a scorer beside the weights of other encoders, on tiny random checkpoints."""

from __future__ import annotations

import logging
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from mediaindex.embed.encoder import Encoder
from mediaindex.embed.families import patch_scorer
from mediaindex.embed.families.patch_scorer import BlockStates
from mediaindex.embed.loading import load_encoder
from mediaindex.errors import EncoderMismatch
from mediaindex_models.region_records import RECORD_BYTES, unpacked
from tests.support import checkpoints
from tests.support.made_scorer import made_patch_scorer

IMAGE, TEXT = {"open_clip": 64, "clip": 32, "siglip": 32}, 32


def tiny(kind: str, folder: Path) -> str:
    """Write a checkpoint; the name of its encoder."""
    if kind == "open_clip":
        return f"open_clip:{checkpoints.open_clip_folder(folder)}"
    write = checkpoints.clip_folder if kind == "clip" else checkpoints.siglip_folder
    return f"transformers:{write(folder)}"


def pictures(count: int) -> list[NDArray[np.uint8]]:
    random = np.random.default_rng(0)
    return [random.integers(0, 256, (40, 50, 3), dtype=np.uint8) for _ in range(count)]


def numbers(encoder: Encoder, text: str) -> NDArray[np.float32]:
    regions = encoder.images(pictures(3)).regions
    assert regions is not None
    return encoder.asked(text).numbers(regions[:, None])


@pytest.mark.parametrize("kind", ["open_clip", "clip", "siglip"])
def test_a_scorer_beside_the_weights_gives_evidence(kind: str, tmp_path: Path) -> None:
    name = tiny(kind, tmp_path / kind)
    plain = load_encoder(name, device="cpu")
    assert plain.spec.scorer is None
    made_patch_scorer(tmp_path / kind, image=IMAGE[kind], text=TEXT)
    encoder = load_encoder(name, device="cpu")
    assert encoder.spec.scorer is not None
    assert encoder.spec.digest == plain.spec.digest, "the space of its vectors is the same"
    given, before = encoder.images(pictures(3)), plain.images(pictures(3))
    np.testing.assert_array_equal(given.vectors, before.vectors)
    assert before.regions is None
    assert given.regions is not None
    assert given.regions.shape == (3, RECORD_BYTES)
    assert unpacked(given.regions).known.all()
    one, other = numbers(encoder, "a dog on the beach"), numbers(encoder, "red cat")
    assert np.isfinite(one).all()
    assert not np.allclose(one[:, :3], other[:, :3])
    np.testing.assert_array_equal(encoder.texts(["a dog"]).pooled, plain.texts(["a dog"]).pooled)
    tokens, known = (one.texts(["a dog"], tokens=True).tokens for one in (encoder, plain))
    np.testing.assert_array_equal(tokens, known)
    made_patch_scorer(tmp_path / kind, image=IMAGE[kind], text=TEXT, seed=1)
    assert load_encoder(name, device="cpu").spec.scorer != encoder.spec.scorer


@pytest.mark.parametrize(("image", "text"), [(7, TEXT), (IMAGE["clip"], 20)])
def test_a_scorer_of_another_encoder_is_named(tmp_path: Path, image: int, text: int) -> None:
    name = tiny("clip", tmp_path / "clip")
    made_patch_scorer(tmp_path / "clip", image=image, text=text)
    with pytest.raises(EncoderMismatch, match=r"scorer\.safetensors is no scorer of the encoder") as raised:
        load_encoder(name, device="cpu")
    assert "\n" not in str(raised.value)
    assert "remove it" in str(raised.value)


def test_a_damaged_scorer_is_named(tmp_path: Path) -> None:
    name = tiny("clip", tmp_path / "clip")
    path = made_patch_scorer(tmp_path / "clip", image=IMAGE["clip"], text=TEXT)
    path.write_bytes(path.read_bytes()[:200])
    with pytest.raises(EncoderMismatch, match=r"scorer\.safetensors"):
        load_encoder(name, device="cpu")


def test_an_encoder_without_patch_tokens_goes_without_evidence(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    folder = tmp_path / "resnet"
    checkpoints.open_clip_folder(folder, vision={"layers": [1, 1, 1, 1], "width": 8, "image_size": 32})
    made_patch_scorer(folder, image=64, text=TEXT)
    with caplog.at_level(logging.WARNING, logger=patch_scorer.__name__):
        encoder = load_encoder(f"open_clip:{folder}", device="cpu")
    assert encoder.spec.scorer is None
    assert encoder.images(pictures(1)).regions is None
    assert "gets no evidence" in caplog.text or "get no evidence" in caplog.text
    assert str(folder) in caplog.text
    with pytest.raises(EncoderMismatch, match="no scorer"):
        encoder.asked("a dog")


def test_states_are_kept_for_one_run() -> None:
    blocks = [torch.nn.Linear(2, 2), torch.nn.Linear(2, 2)]
    states = BlockStates(blocks, [0, 0, 1])
    with torch.no_grad():
        x = torch.ones(1, 3, 2)
        first = blocks[0](x)
        second = blocks[1](first)
    kept = states.take()
    assert [torch.equal(a, b) for a, b in zip(kept, [first, first, second], strict=True)] == [True] * 3
    with pytest.raises(KeyError):
        states.take()
    states.remove()
    blocks[0](x)
    with pytest.raises(KeyError):
        states.take()
