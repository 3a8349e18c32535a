"""Losses against closed forms."""

from __future__ import annotations

import math

import pytest
import torch

from mediaindex_models.losses import generation_loss, info_nce


def test_a_soft_target_of_one_is_the_cross_entropy() -> None:
    predicted = torch.randn(3, 5)
    index = torch.tensor([0, 4, 2])
    soft = torch.nn.functional.one_hot(index, 5).float()
    torch.testing.assert_close(generation_loss(predicted, soft), generation_loss(predicted, index))


def test_the_divergence_of_what_was_generated_from_itself_is_zero() -> None:
    predicted = torch.randn(3, 5, requires_grad=True)
    target = torch.softmax(7.0 * predicted.detach(), dim=-1)
    loss = generation_loss(predicted, target, scale=7.0)
    assert float(loss.detach()) == pytest.approx(0.0, abs=1e-6)
    loss.backward()  # type: ignore[no-untyped-call]
    assert predicted.grad is not None
    assert float(predicted.grad.abs().max()) < 1e-6


def test_the_divergence_in_closed_form() -> None:
    uniform, target = torch.zeros(1, 4), torch.tensor([[0.5, 0.5, 0.0, 0.0]])
    assert float(generation_loss(uniform, target)) == pytest.approx(math.log(2))


def test_contrast_counts_shared_answers_as_right() -> None:
    similarity = torch.tensor([[1.0, 1.0], [1.0, 1.0]])
    assert float(info_nce(similarity, 10.0)) == pytest.approx(math.log(2))
    apart = torch.tensor([[1.0, -1.0], [-1.0, 1.0]])
    assert float(info_nce(apart, 100.0)) == pytest.approx(0.0, abs=1e-6)
    diagonal = torch.eye(2, dtype=torch.bool)
    torch.testing.assert_close(info_nce(apart, 3.0, target=diagonal), info_nce(apart, 3.0))
    shared = torch.ones(2, 2, dtype=torch.bool)
    assert float(info_nce(similarity, 10.0, target=shared)) == pytest.approx(math.log(2))
    assert float(info_nce(apart, 1.0, target=shared)) > float(info_nce(apart, 1.0))


def test_further_right_answers_do_not_replace_the_pair() -> None:
    apart = torch.eye(3)
    none = torch.zeros(3, 3, dtype=torch.bool)
    torch.testing.assert_close(info_nce(apart, 3.0, target=none), info_nce(apart, 3.0))
