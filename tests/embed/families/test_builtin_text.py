"""The built-in encoder for texts alone: the vectors of the whole one, and its errors, without torch."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from safetensors.numpy import load_file, save_file

from mediaindex.embed.families.builtin_files import FILES, WEIGHTS
from mediaindex.embed.families.builtin_text import BuiltinTexts
from mediaindex.embed.loading import load_encoder
from mediaindex.errors import EncoderMismatch
from mediaindex.ingest.writer.general_captions import general_captions
from tests.support.paths import CHECKOUT

Tensors = dict[str, NDArray[np.generic]]
ODD_TEXTS = (
    *("", " ", ".", "!?", "a", "x" * 500, "dog " * 3000, "\x00\x1b[2J\u202e", "\ud800", "🐶 👩‍👩‍👧"),
    *("ein Hund läuft über die Wiese", "un chien court sur la plage", "perro en la nieve"),
    *("cão na praia", "собака бежит по траве", "犬が走る", "一只狗在草地上奔跑", "강아지", "สุนัขวิ่ง"),
    *("كلب يركض", "σκύλος στο γρασίδι", "naïve café İstanbul", "IMG_20240503", "O'Brien's e-mail: 50% off!"),
)


@pytest.fixture(scope="module")
def encoder() -> BuiltinTexts:
    return BuiltinTexts()


def test_it_gives_the_vectors_of_the_whole_encoder(encoder: BuiltinTexts) -> None:
    texts = [*ODD_TEXTS, *general_captions()[::20]]
    whole = load_encoder("builtin", device="cpu", threads=1)
    expected, found = whole.texts(texts, tokens=True), encoder.texts(texts, tokens=True)
    assert expected.tokens is not None
    assert found.tokens is not None
    np.testing.assert_allclose(found.pooled, expected.pooled, atol=1e-5)
    np.testing.assert_allclose(found.tokens, expected.tokens, atol=1e-5)
    np.testing.assert_array_equal(found.mask, expected.mask)
    assert {found.pooled.dtype, found.tokens.dtype} == {np.dtype(np.float32)}
    assert encoder.spec == whole.spec


def test_more_texts_than_a_batch_come_in_their_order(encoder: BuiltinTexts) -> None:
    texts = [f"{number} dogs" for number in range(70)]
    together = encoder.texts(texts)
    assert together.tokens is None
    np.testing.assert_allclose(
        together.pooled[[0, 69]], encoder.texts([texts[0], texts[69]]).pooled, atol=1e-5
    )


def test_nothing_in_gives_nothing_out(encoder: BuiltinTexts) -> None:
    assert encoder.texts([], tokens=True).pooled.shape == (0, encoder.spec.dim)


def damaged(folder: Path, damage: Callable[[Tensors], object]) -> BuiltinTexts:
    for path in FILES.iterdir():
        (folder / path.name).write_bytes(path.read_bytes())
    tensors = load_file(folder / WEIGHTS)
    damage(tensors)
    save_file(tensors, folder / WEIGHTS)
    return BuiltinTexts(folder)


@pytest.mark.parametrize(
    "damage",
    [
        lambda tensors: tensors.pop("minilm.blocks.3.q.weight"),
        lambda tensors: tensors.pop("minilm.word.weight"),
        lambda tensors: tensors.pop("head.t.0.bias"),
        lambda tensors: tensors.update({"minilm.norm.bias": np.zeros(7, np.float16)}),
        lambda tensors: tensors.update({"minilm.blocks.6.q.bias": np.zeros(384, np.float16)}),
        lambda tensors: tensors.update({"minilm.word.weight#scale": np.ones(3, np.float16)}),
    ],
)
def test_damaged_files_name_the_remedy(tmp_path: Path, damage: Callable[[Tensors], object]) -> None:
    with pytest.raises(EncoderMismatch, match="install mediaindex again") as raised:
        damaged(tmp_path, damage).texts(["a dog"])
    assert "\n" not in str(raised.value)


def test_weights_that_are_no_numbers_are_refused(tmp_path: Path) -> None:
    nothing = np.full(384, np.nan, np.float16)
    encoder = damaged(tmp_path, lambda tensors: tensors.update({"minilm.norm.bias": nothing}))
    with pytest.raises(EncoderMismatch, match="not finite"):
        encoder.texts(["a dog"])


def test_it_loads_neither_torch_nor_a_model_library() -> None:
    script = """
import sys
from mediaindex.embed.loading import load_text_encoder
load_text_encoder("builtin").texts(["a dog"], tokens=True)
print(sorted({"torch", "transformers", "tokenizers", "open_clip", "PIL"} & set(sys.modules)))
"""
    command = [sys.executable, "-W", "error", "-c", script]
    environment = {"PYTHONPATH": f"{CHECKOUT}:{CHECKOUT / 'models'}"}
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
    assert (done.stdout.strip(), done.returncode) == ("[]", 0), done.stderr
