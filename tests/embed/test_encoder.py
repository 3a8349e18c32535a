"""What every encoder keeps to, and the fake with them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from mediaindex.embed.encoder import Encoder
from mediaindex.embed.loading import load_encoder
from tests.support import checkpoints
from tests.support.fake_encoder import FakeEncoder

KINDS = ("fake", "builtin", "open_clip", "open_clip_words", "clip", "siglip")


@pytest.fixture(scope="module", params=KINDS)
def encoder(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Encoder:
    folder = tmp_path_factory.mktemp("weights") / request.param
    match request.param:
        case "fake":
            return FakeEncoder()
        case "builtin":
            name = "builtin"
        case "open_clip":
            name = f"open_clip:{checkpoints.open_clip_folder(folder)}"
        case "open_clip_words":
            words = {"hf_tokenizer_name": "words", "vocab_size": 14, "pool_type": "last"}
            name = f"open_clip:{checkpoints.open_clip_folder(folder, custom_text=True, **words)}"
        case "clip":
            name = f"transformers:{checkpoints.clip_folder(folder)}"
        case _:
            name = f"transformers:{checkpoints.siglip_folder(folder)}"
    return load_encoder(name, device="cpu", threads=1)


def _pictures(count: int) -> list[NDArray[np.uint8]]:
    rng = np.random.default_rng(7)
    shapes = [(40, 64), (64, 40), (33, 33), (384, 216), (1, 1), (5, 900)]
    return [rng.integers(0, 256, (*shapes[i % len(shapes)], 3), dtype=np.uint8) for i in range(count)]


def test_shapes_and_types_are_those_of_the_spec(encoder: Encoder) -> None:
    spec = encoder.spec
    frames = encoder.images(_pictures(5))
    assert frames.vectors.shape == (5, spec.dim)
    assert frames.vectors.dtype == np.float32
    if spec.evidence_dim is None:
        assert frames.evidence is None
    else:
        assert frames.evidence is not None
        assert frames.evidence.shape == (5, spec.evidence_dim)
        assert frames.evidence.dtype == np.float16
    query = encoder.texts(["a dog", "the red cat runs on the beach"])
    assert query.pooled.shape == (2, spec.dim)
    assert query.pooled.dtype == np.float32
    assert query.tokens is None
    assert encoder.device == "cpu"


def test_no_vector_depends_on_its_neighbours(encoder: Encoder) -> None:
    pictures = _pictures(11)
    together = encoder.images(pictures)
    alone = [encoder.images([picture]) for picture in pictures]
    assert np.array_equal(together.vectors, np.concatenate([x.vectors for x in alone]))
    order = np.random.default_rng(0).permutation(len(pictures))
    permuted = encoder.images([pictures[i] for i in order])
    assert np.array_equal(together.vectors[order], permuted.vectors)
    if together.evidence is not None and permuted.evidence is not None:
        assert np.array_equal(together.evidence[order], permuted.evidence)


def test_vectors_are_not_normalised(encoder: Encoder) -> None:
    norms = np.linalg.norm(encoder.images(_pictures(6)).vectors, axis=1)
    assert np.ptp(norms) > 1e-3
    assert norms.min() > 0


def test_nothing_in_gives_nothing_out(encoder: Encoder) -> None:
    frames = encoder.images([])
    assert frames.vectors.shape == (0, encoder.spec.dim)
    assert (frames.evidence is None) == (encoder.spec.evidence_dim is None)
    assert encoder.texts([]).pooled.shape == (0, encoder.spec.dim)


def test_read_only_pictures_are_taken(encoder: Encoder) -> None:
    picture = _pictures(1)[0]
    picture.flags.writeable = False
    assert np.isfinite(encoder.images([picture]).vectors).all()


@pytest.mark.parametrize(
    "text",
    ["", " ", "x" * 10_000, "dog " * 3000, "\x00\x1b[2J\u202e", "👩‍👩‍👧 🐶", "犬が走る", "\ud800", "!" * 40],
)
def test_any_text_gives_a_finite_vector(encoder: Encoder, text: str) -> None:
    query = encoder.texts([text, "a dog"], tokens=True)
    assert np.isfinite(query.pooled).all()
    assert np.linalg.norm(query.pooled, axis=1).min() > 0


def test_token_vectors_come_with_their_mask(encoder: Encoder) -> None:
    query = encoder.texts(["a dog", "the red cat runs on the beach"], tokens=True)
    if not encoder.spec.has_tokens:
        assert query.tokens is None
        return
    assert query.tokens is not None
    assert query.mask is not None
    batch, length, dim = query.tokens.shape
    assert (batch, dim) == (2, encoder.spec.dim)
    assert length <= encoder.spec.text_length
    assert query.mask.shape == (2, length)
    assert query.mask.dtype == np.bool_
    assert 0 < query.mask[0].sum() < query.mask[1].sum()
    assert not query.tokens[~query.mask].any()


def test_a_text_is_the_same_alone_and_in_company(encoder: Encoder) -> None:
    together = encoder.texts(["a dog", "the red cat runs on the beach"]).pooled
    assert np.allclose(together[0], encoder.texts(["a dog"]).pooled[0], atol=1e-5)


def test_digest_and_spec_are_stable(encoder: Encoder, tmp_path: Path) -> None:
    assert len(encoder.spec.digest) == 64
    int(encoder.spec.digest, 16)
    assert encoder.spec.batch >= 1
    assert 0 <= encoder.spec.blend <= 1


def test_fake_finds_red_by_the_word() -> None:
    encoder = FakeEncoder()
    pictures = [np.full((9, 9, 3), colour, np.uint8) for colour in ((255, 0, 0), (0, 0, 255))]
    vectors = encoder.images(pictures).vectors
    query = encoder.texts(["something red"]).pooled[0]
    assert vectors[0] @ query > 2 * (vectors[1] @ query)
