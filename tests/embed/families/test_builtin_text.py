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

from mediaindex.embed.families.builtin_files import FILES, TOWERS, ScorerFile, head_of
from mediaindex.embed.families.builtin_text import BuiltinTexts
from mediaindex.embed.loading import load_encoder
from mediaindex.errors import EncoderMismatch
from mediaindex.ingest.writer.general_captions import general_captions
from mediaindex_models.region_records import FLAT, packed
from tests.support.made_scorer import made_scorer, use_scorer
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
    for file in (TOWERS, head_of(FILES).members[-1]):
        tensors = load_file(folder / file)
        damage(tensors)
        save_file(tensors, folder / file)
    return BuiltinTexts(folder)


@pytest.mark.parametrize(
    "damage",
    [
        lambda tensors: tensors.pop("minilm.blocks.3.q.weight", None),
        lambda tensors: tensors.pop("minilm.word.weight", None),
        lambda tensors: tensors.pop("head.t.0.bias", None),
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


@pytest.fixture
def scorer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ScorerFile:
    """A scorer with which the encoder ships in a test."""
    made = made_scorer(tmp_path)
    use_scorer(monkeypatch, made)
    return made


def records(frames: int) -> NDArray[np.uint8]:
    return packed(np.random.default_rng(0).standard_normal((frames, FLAT)).astype(np.float32))[:, None]


def test_a_text_is_asked_with_the_states_of_its_own_pass(scorer: ScorerFile) -> None:
    encoder, other = BuiltinTexts(), BuiltinTexts()
    assert encoder.spec.scorer == scorer.digest
    encoder.texts(["a dog on the grass", "a red car"])
    asked = encoder.asked("a red car").numbers(records(5))
    np.testing.assert_allclose(asked, other.asked("a red car").numbers(records(5)), atol=1e-5)
    assert np.isfinite(asked).all()
    assert not np.allclose(asked[:, :3], encoder.asked("a dog on the grass").numbers(records(5))[:, :3])


@pytest.mark.parametrize("text", ODD_TEXTS)
def test_any_text_may_be_asked(scorer: ScorerFile, encoder: BuiltinTexts, text: str) -> None:
    assert np.isfinite(BuiltinTexts().asked(text).numbers(records(2))).all()


def test_without_a_scorer_nothing_can_be_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    use_scorer(monkeypatch, None)
    assert BuiltinTexts().spec.scorer is None
    with pytest.raises(EncoderMismatch, match="builtin has no scorer"):
        BuiltinTexts().asked("a dog")
    with pytest.raises(EncoderMismatch, match="builtin-free has no scorer"):
        BuiltinTexts(name="builtin-free").asked("a dog")


@pytest.mark.parametrize(
    "damage",
    [
        lambda tensors: tensors.pop("words.weight.bias"),
        lambda tensors: tensors.update({"words.direction.4.weight": np.zeros((128, 7), np.float16)}),
        lambda tensors: tensors.update({"gains": np.full(3, np.nan, np.float32)}),
        lambda tensors: tensors.update({"words.further": np.zeros(3, np.float32)}),
    ],
)
def test_a_scorer_that_does_not_fit_is_named(scorer: ScorerFile, damage: Callable[[Tensors], object]) -> None:
    tensors = load_file(scorer.file)
    damage(tensors)
    save_file(tensors, scorer.file)
    encoder = BuiltinTexts()
    assert encoder.texts(["a dog"]).pooled.shape == (1, encoder.spec.dim)
    with pytest.raises(EncoderMismatch, match=r"scorer-0\.safetensors") as raised:
        encoder.asked("a dog")
    assert "\n" not in str(raised.value)
