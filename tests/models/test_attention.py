"""Frames pooled by a text: weights, tables of shared clips, linear layers in either order."""

from __future__ import annotations

import pytest
import torch

from mediaindex_models.attention import Mixture, frame_products, frame_weights, lengths_of, pooled


def test_frame_weights_sum_to_one_with_the_corrected_mask_alone() -> None:
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


def test_clips_of_a_table_are_pooled_as_clips_of_their_own() -> None:
    text, table = torch.randn(3, 1, 8), torch.randn(6, 5, 8)
    rows = torch.tensor([[0, 3, 3, 5], [1, 0, 2, 4], [5, 5, 5, 5]])
    apart = table[rows]  # (B, K, F, D)
    torch.testing.assert_close(frame_products(text, table, rows), frame_products(text, apart))
    weights = torch.rand(3, 4, 5)
    torch.testing.assert_close(pooled(weights, table, rows), pooled(weights, apart))


def test_no_length_is_zero() -> None:
    vectors = torch.tensor([[3.0, 4.0], [0.0, 0.0]])
    assert lengths_of(vectors).tolist() == pytest.approx([5.0, 1e-12])
    assert float(lengths_of(vectors.half())[1]) > 0
