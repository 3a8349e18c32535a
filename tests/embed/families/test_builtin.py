"""The encoder that ships: offline, exact, and alone with torch."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from PIL import Image
from safetensors.torch import load_file, save_file

from mediaindex.embed.device import has_bfloat16
from mediaindex.embed.encoder import arithmetic_of, preprocessing_in
from mediaindex.embed.families import builtin
from mediaindex.embed.families.builtin import load_builtin
from mediaindex.embed.families.builtin_files import (
    FILES,
    TOWERS,
    HeadFiles,
    ScorerFile,
    head_of,
    heads_of,
    scorer_digest,
    scorers_of,
)
from mediaindex.embed.families.builtin_text import BuiltinTexts
from mediaindex.embed.loading import load_encoder
from mediaindex.embed.preprocess import centre_squares
from mediaindex.errors import EncoderMismatch
from mediaindex_models.late_interaction import LateInteraction
from mediaindex_models.named_colours import colour_shares
from mediaindex_models.region_cells import CELL, RegionCells
from mediaindex_models.region_records import RECORD_BYTES, unpacked
from tests.support.made_scorer import made_scorer, use_scorer
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


@pytest.mark.parametrize("head", heads_of(FILES)[:-1], ids=lambda head: head.digest[:8])
def test_the_digest_is_that_of_the_files(head: HeadFiles) -> None:
    digest = hashlib.sha256()
    for name in (TOWERS, *head.members, "evidence.safetensors", "vocab.txt"):
        digest.update(hashlib.sha256((FILES / name).read_bytes()).digest())
    assert head.digest == digest.hexdigest()
    assert load_encoder(head.name, device="cpu", digest=head.digest).spec.digest == head.digest


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
    file = tmp_path / head_of(FILES).members[-1]
    state = load_file(file)
    state["head.res.bias"] = torch.zeros(7)
    save_file(state, file)
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
def test_vectors_of_the_first_head_are_those_of_the_prototype(
    shared: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("timm")
    monkeypatch.syspath_prepend(shared / "builtin")
    from builtin_model import Builtin  # type: ignore[import-not-found]  # pyright: ignore[reportMissingImports]

    prototype = Builtin(str(shared / "builtin" / "weights"))
    first = heads_of(FILES)[-1]
    encoder = load_encoder("builtin", device="cpu", threads=1, digest=first.digest)
    rng = np.random.default_rng(1)
    pictures = rng.integers(0, 256, (6, 224, 224, 3), dtype=np.uint8)
    texts = ["a dog", "A man plays the guitar!", "two kids; one ball", "", "café 日本"]
    assert _least_cosine(encoder.images(list(pictures)).vectors, prototype.images(pictures)) > 0.99999
    assert _least_cosine(encoder.texts(texts).pooled, prototype.texts(texts)) > 0.99999


def _least_cosine(ours: NDArray[np.float32], theirs: NDArray[np.float32]) -> float:
    unit = ours / np.linalg.norm(ours, axis=1, keepdims=True)
    return float((unit * theirs).sum(1).min())


@pytest.fixture
def scorer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ScorerFile:
    """A scorer with which the encoder ships in a test."""
    made = made_scorer(tmp_path)
    use_scorer(monkeypatch, made)
    return made


def noise(count: int, seed: int = 0) -> list[NDArray[np.uint8]]:
    random = np.random.default_rng(seed)
    return [random.integers(0, 256, (90, 120, 3), dtype=np.uint8) for _ in range(count)]


def test_evidence_of_regions_changes_no_vector(scorer: ScorerFile, monkeypatch: pytest.MonkeyPatch) -> None:
    with_regions = load_builtin(device="cpu").images(noise(3))
    use_scorer(monkeypatch, None)
    plain = load_builtin(device="cpu").images(noise(3))
    np.testing.assert_array_equal(with_regions.vectors, plain.vectors)
    assert with_regions.evidence is not None
    assert plain.evidence is not None
    np.testing.assert_array_equal(with_regions.evidence, plain.evidence)
    assert plain.regions is None
    assert with_regions.regions is not None
    assert with_regions.regions.shape == (3, RECORD_BYTES)


def test_the_evidence_is_that_of_the_modules(scorer: ScorerFile) -> None:
    """From the pixels: cells, projections and hub as the training's modules compute them."""
    stored, pictures = load_file(scorer.file), noise(2)
    found = load_builtin(device="cpu").images(pictures).regions
    assert found is not None
    tower, network, cells = builtin.image_tower(), LateInteraction(CELL).eval(), RegionCells()
    own = {name: value.float() for name, value in stored.items()}
    network.load_state_dict(
        {n: v for n, v in own.items() if n.startswith(("regions.", "words.", "log_", "gains"))}
    )
    cells.load_state_dict({n.removeprefix("cells."): v for n, v in own.items() if n.startswith("cells.")})
    with torch.inference_mode():
        squares = centre_squares(pictures, size=224)
        pixels = squares.permute(0, 3, 1, 2).float().div(127.5).sub(1)
        maps = tower.backbone.feature_maps(pixels)
        regions = network.regions(cells(maps, colour_shares(squares), tower.backbone.classifier))
    read = unpacked(found)
    assert read.known.all()
    assert (np.einsum("nrd,nrd->nr", read.directions, regions.directions.numpy()) > 0.999).all()
    assert (np.einsum("nd,nd->n", read.pooled, regions.pooled.numpy()) > 0.999).all()
    np.testing.assert_allclose(read.weights, regions.weights, atol=1e-3)


@pytest.mark.skipif(not has_bfloat16(), reason="this processor has no bfloat16")
def test_evidence_in_bfloat16_is_near_to_float32(scorer: ScorerFile) -> None:
    exact, near = (
        load_builtin(device="cpu", arithmetic=arithmetic).images(noise(4)).regions
        for arithmetic in ("float32", "bfloat16")
    )
    assert exact is not None
    assert near is not None
    one, other = unpacked(exact), unpacked(near)
    assert (np.einsum("nrd,nrd->nr", one.directions, other.directions) > 0.99).all()
    np.testing.assert_allclose(one.hubs, other.hubs, atol=0.1)


def test_both_ways_to_load_it_ask_a_text_alike(scorer: ScorerFile) -> None:
    whole, texts = load_builtin(device="cpu"), BuiltinTexts()
    regions = whole.images(noise(4)).regions
    assert regions is not None
    asked = whole.asked("a dog").numbers(regions[:, None])
    np.testing.assert_array_equal(asked, texts.asked("a dog").numbers(regions[:, None]))


@pytest.mark.parametrize(
    "damage",
    [
        lambda tensors: tensors.pop("hubs.pooled"),
        lambda tensors: tensors.pop("regions.weight.bias"),
        lambda tensors: tensors.update({"hubs.pieces": torch.zeros(12, dtype=torch.int32)}),
        lambda tensors: tensors.update({"hubs.weights": torch.ones(3)}),
        lambda tensors: tensors.update({"cells.offset": torch.full((313,), torch.nan)}),
        lambda tensors: tensors.update({"cells.basis_low": torch.zeros(40, 7)}),
    ],
)
def test_a_scorer_that_does_not_fit_is_named(
    scorer: ScorerFile, damage: Callable[[dict[str, torch.Tensor]], object]
) -> None:
    tensors = load_file(scorer.file)
    damage(tensors)
    save_file(tensors, scorer.file)
    with pytest.raises(EncoderMismatch, match="install mediaindex again") as raised:
        builtin.region_network(FILES, scorer)
    assert "\n" not in str(raised.value)


def test_a_bank_of_one_sentence_gives_hubs(scorer: ScorerFile) -> None:
    tensors = load_file(scorer.file)
    pieces = int(tensors["hubs.pieces"][0])
    for name, count in (("directions", pieces), ("weights", pieces), ("pooled", 1), ("pieces", 1)):
        tensors[f"hubs.{name}"] = tensors[f"hubs.{name}"][:count].contiguous()
    save_file(tensors, scorer.file)
    flat = builtin.region_network(FILES, scorer).evidence(torch.randn(2, 16, CELL))
    assert flat.isfinite().all()


def test_the_committed_scorer_is_the_one_that_config_names() -> None:
    for shipped in scorers_of(FILES):
        assert scorer_digest(FILES, shipped.file) == shipped.digest
