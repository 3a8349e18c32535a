"""Frames pooled by a text: weights, tables of shared clips, linear layers in either order."""

from __future__ import annotations

import pytest
import torch

from mediaindex_models.attention import Mixture, frame_weights


def test_weights_of_frames() -> None:
    text, frames = torch.randn(3, 4), torch.randn(3, 5, 4)
    mask = torch.tensor([[True] * 5, [True] * 2 + [False] * 3, [False] * 5])
    corrected = frame_weights(text, frames, mask, corrected=True).sum(-1)
    torch.testing.assert_close(corrected, torch.tensor([1.0, 1.0, 0.0]))
    assert float(frame_weights(text, frames, mask)[1].sum()) < 1
    torch.testing.assert_close(frame_weights(text, frames, mask, temperature=1e9)[0], torch.full((5,), 0.2))


@pytest.mark.parametrize("texts", [2, 9])
def test_a_mixture_is_the_same_through_a_matrix_in_either_order(texts: int) -> None:
    frames, matrix = torch.randn(3, 1, 5, 8), torch.randn(4, 8)
    weights = torch.rand(3, texts, 5)
    mixture = Mixture.of(weights, frames)
    expected = torch.einsum("hd,bkf,bfd->bkh", matrix, weights, frames[:, 0])
    torch.testing.assert_close(mixture.through(matrix), expected)
    length = mixture.value.norm(dim=-1, keepdim=True)
    torch.testing.assert_close(mixture.unit().through(matrix), expected / length)
