"""Tokens of patches and words of tiny random checkpoints, read in the passes that embed."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from mediaindex.embed.families.builtin import load_builtin
from mediaindex.embed.families.token_states import TokenStates, token_sources
from mediaindex.embed.loading import load_encoder
from mediaindex.errors import EncoderMismatch
from tests.support import checkpoints
from tests.support.fake_encoder import FakeEncoder

WRITERS = {
    "open_clip": checkpoints.open_clip_folder,
    "clip": checkpoints.clip_folder,
    "siglip": checkpoints.siglip_folder,
}
WIDTHS = {"open_clip": 64, "clip": 32, "siglip": 32}


@pytest.mark.parametrize("kind", list(WRITERS))
def test_each_picture_has_its_cells_whatever_its_batch(kind: str, tmp_path: Path) -> None:
    folder = WRITERS[kind](tmp_path / kind)
    library = "open_clip" if kind == "open_clip" else "transformers"
    encoder = load_encoder(f"{library}:{folder}", device="cpu")
    random = np.random.default_rng(0)
    pictures = [random.integers(0, 256, (32, 32, 3), dtype=np.uint8) for _ in range(encoder.spec.batch + 1)]
    before = encoder.images(pictures).vectors
    with TokenStates(encoder) as tokens:
        cells = tokens.cells(pictures)
        alone = tokens.cells(pictures[-1:])
        states = tokens.states(["a dog on the beach", "cat"])
    assert [tuple(depth.shape) for depth in cells] == [(len(pictures), 16, WIDTHS[kind])] * 3
    for depth, one in zip(cells, alone, strict=True):
        assert bool(depth.isfinite().all())
        torch.testing.assert_close(depth[-1:], one)
        assert not torch.allclose(depth[0], depth[1])
    counts = encoder.token_counts(["a dog on the beach", "cat"])
    assert [tuple(shallow.shape) for shallow, _last in states] == [(count, 32) for count in counts]
    np.testing.assert_array_equal(encoder.images(pictures).vectors, before)
    sources = token_sources(encoder)
    assert sources.weights.parent == folder
    assert all(
        not block._forward_hooks for block in [*(sources.image_blocks or ()), *(sources.text_blocks or ())]
    )


def test_an_encoder_without_such_tokens_is_named(tmp_path: Path) -> None:
    folder = checkpoints.open_clip_folder(
        tmp_path / "resnet", vision={"layers": [1, 1, 1, 1], "width": 8, "image_size": 32}
    )
    with pytest.raises(EncoderMismatch, match="has no tokens of patches and words"):
        TokenStates(load_encoder(f"open_clip:{folder}", device="cpu"))
    for other in (FakeEncoder(name="colours"), load_builtin(device="cpu")):
        with pytest.raises(EncoderMismatch, match="takes no scorer beside its weights"):
            token_sources(other)
