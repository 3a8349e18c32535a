"""The linear mixture of a similarity and a scorer's numbers."""

from __future__ import annotations

import torch

from mediaindex_models.evidence_mixture import NUMBERS, evidence_numbers, fitted_mixture


def test_numbers_stand_in_order_and_the_hub_counts_against() -> None:
    numbers = evidence_numbers(
        torch.tensor([[1.0, 2.0]]), torch.arange(6.0).view(1, 2, 3), torch.tensor([[0.5, -0.5]])
    )
    assert numbers.tolist() == [[[1.0, 0.0, 1.0, 2.0, -0.5], [2.0, 3.0, 4.0, 5.0, 0.5]]]


def test_the_weights_that_made_the_answers_are_found_again() -> None:
    true = torch.tensor([2.0, 1.0, -0.5, 0.0, 0.7])
    numbers = torch.randn(6000, 8, NUMBERS)
    chances = torch.softmax(numbers @ true, dim=-1)
    right = torch.multinomial(chances, 1)[:, 0]
    for start in (torch.zeros(NUMBERS), torch.ones(NUMBERS)):
        torch.testing.assert_close(
            fitted_mixture(numbers, right, start=start),
            true,
            atol=0.12,
            rtol=0,
        )
