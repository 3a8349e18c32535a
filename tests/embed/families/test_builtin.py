"""The encoder that ships: offline, exact, and alone with torch."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from PIL import Image

from mediaindex.embed.device import has_bfloat16
from mediaindex.embed.encoder import arithmetic_of, preprocessing_in
from mediaindex.embed.families import builtin
from mediaindex.embed.families.builtin import load_builtin
from mediaindex.embed.families.builtin_files import FILES
from mediaindex.embed.loading import load_encoder
from mediaindex.errors import EncoderMismatch
from tests.support.paths import CHECKOUT


@pytest.mark.slow
def test_it_loads_no_model_library_and_opens_no_connection() -> None:
    script = """
import socket, sys
def refuse(*args): raise SystemExit("a connection was opened")
socket.socket.connect = refuse
import numpy as np
from mediaindex.embed.loading import load_encoder
encoder = load_encoder("builtin", device="cpu", threads=1)
encoder.images([np.zeros((9, 9, 3), np.uint8)])
encoder.texts(["a dog"])
heavy = {"timm", "open_clip", "transformers", "torchvision", "huggingface_hub", "tokenizers", "PIL"}
print(sorted(heavy & set(sys.modules)))
"""
    done = subprocess.run(
        [sys.executable, "-c", script],
        capture_output=True,
        text=True,
        check=False,
        cwd=CHECKOUT,
        env={"PYTHONPATH": f"{CHECKOUT}:{CHECKOUT / 'models'}"},
    )
    assert (done.stdout.strip(), done.returncode) == ("[]", 0), done.stderr


def test_the_protocol_and_presets_load_no_torch() -> None:
    script = """
import sys
import mediaindex.embed.encoder, mediaindex.embed.language
import mediaindex.embed.presets, mediaindex.embed.weights.files
heavy = {"torch", "numpy", "open_clip", "transformers", "huggingface_hub", "py3langid"}
print(sorted(heavy & set(sys.modules)))
"""
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True, cwd=CHECKOUT
    )
    assert done.stdout.strip() == "[]"


def test_the_digest_is_that_of_the_files() -> None:
    config = json.loads((FILES / "config.json").read_text(encoding="utf-8"))
    digest = hashlib.sha256()
    for name in config["files"]:
        digest.update(hashlib.sha256((FILES / name).read_bytes()).digest())
    assert config["digest"] == digest.hexdigest()
    assert load_encoder("builtin", device="cpu").spec.digest == digest.hexdigest()


def test_token_vectors_average_to_the_pooled_vector() -> None:
    query = load_encoder("builtin", device="cpu").texts(["a dog", "two people on a beach"], tokens=True)
    assert query.tokens is not None
    assert query.mask is not None
    means = query.tokens.sum(1) / query.mask.sum(1, keepdims=True)
    assert np.allclose(means, query.pooled, atol=1e-5)


def test_a_sentence_is_nearer_to_its_paraphrase_than_to_another() -> None:
    pooled = (
        load_encoder("builtin", device="cpu")
        .texts(["a dog runs on the beach", "a puppy is running along the shore", "a man plays the guitar"])
        .pooled
    )
    unit = pooled / np.linalg.norm(pooled, axis=1, keepdims=True)
    assert unit[0] @ unit[1] > unit[0] @ unit[2] + 0.3


def test_damaged_files_name_the_remedy(tmp_path: Path) -> None:
    from safetensors.torch import load_file, save_file

    for path in FILES.iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    state = load_file(tmp_path / "builtin.safetensors")
    state["head.res.bias"] = torch.zeros(7)
    save_file(state, tmp_path / "builtin.safetensors")
    with pytest.raises(EncoderMismatch, match="install mediaindex again"):
        load_builtin(device="cpu", files=tmp_path).images([np.zeros((9, 9, 3), np.uint8)])


def pictures(count: int) -> list[NDArray[np.uint8]]:
    """Smooth colours with some noise, as photographs have them."""
    numbers = np.random.default_rng(0)
    found = []
    for _ in range(count):
        coarse = Image.fromarray(numbers.integers(0, 255, (6, 6, 3), dtype=np.uint8))
        smooth = np.asarray(coarse.resize((240, 240), Image.Resampling.BICUBIC), np.float32)
        found.append(np.clip(smooth + numbers.normal(0, 6, smooth.shape), 0, 255).astype(np.uint8))
    return found


@pytest.mark.skipif(not has_bfloat16(), reason="this processor has no bfloat16")
def test_both_arithmetics_agree_and_each_repeats_itself() -> None:
    shown = pictures(12)
    plain = load_builtin(device="cpu").images(shown).vectors
    quick = load_builtin(device="cpu", arithmetic="bfloat16")
    vectors = quick.images(shown).vectors
    cosines = (plain * vectors).sum(1) / np.linalg.norm(plain, axis=1) / np.linalg.norm(vectors, axis=1)
    assert 0.999 < cosines.min() < cosines.max() < 1.0
    assert np.array_equal(quick.images(shown[5:6]).vectors[0], vectors[5]), "whatever stands beside it"
    assert arithmetic_of(quick.spec.preprocessing) == "bfloat16"


def test_a_processor_without_bfloat16_goes_on_in_float32(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(builtin, "has_bfloat16", lambda: False)
    shown = pictures(2)
    asked = load_builtin(device="cpu", arithmetic="bfloat16")
    plain = load_builtin(device="cpu")
    assert np.array_equal(asked.images(shown).vectors, plain.images(shown).vectors)
    assert asked.spec.preprocessing == preprocessing_in(plain.spec.preprocessing, "bfloat16")


@pytest.mark.corpus
def test_vectors_are_those_that_the_prototype_makes_of_these_files(
    shared: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("timm")
    for name in ("builtin.safetensors", "vocab.txt"):
        (tmp_path / name).symlink_to(FILES / name)
    (tmp_path / "config.json").symlink_to(shared / "builtin" / "weights" / "config.json")
    monkeypatch.syspath_prepend(shared / "builtin")
    from builtin_model import Builtin  # type: ignore[import-not-found]  # pyright: ignore[reportMissingImports]

    prototype = Builtin(str(tmp_path))
    encoder = load_encoder("builtin", device="cpu", threads=1)
    rng = np.random.default_rng(1)
    pictures = rng.integers(0, 256, (6, 224, 224, 3), dtype=np.uint8)
    texts = ["a dog", "A man plays the guitar!", "two kids; one ball", "", "café 日本"]
    assert _least_cosine(encoder.images(list(pictures)).vectors, prototype.images(pictures)) > 0.99999
    assert _least_cosine(encoder.texts(texts).pooled, prototype.texts(texts)) > 0.99999


def _least_cosine(ours: NDArray[np.float32], theirs: NDArray[np.float32]) -> float:
    unit = ours / np.linalg.norm(ours, axis=1, keepdims=True)
    return float((unit * theirs).sum(1).min())
