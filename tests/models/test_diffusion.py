"""The forward process, its inverses and its posterior in closed form."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from mediaindex_models.diffusion import Diffusion, one_hot_target
from mediaindex_models.schedule import cosine, linear


@settings(deadline=None)
@given(t=st.integers(0, 48), seed=st.integers(0, 2**31))
def test_noising_and_its_inverses(t: int, seed: int) -> None:
    diffusion, random = Diffusion(cosine(50)), torch.Generator().manual_seed(seed)
    clean = torch.randn(2, 5, generator=random, dtype=torch.float64)
    noise = torch.randn(2, 5, generator=random, dtype=torch.float64)
    for step in (t, torch.tensor([t, t])):
        noisy = diffusion.noised(clean, step, noise)
        torch.testing.assert_close(diffusion.clean_of(noisy, step, noise), clean)
        torch.testing.assert_close(diffusion.noise_of(noisy, step, clean), noise)


def test_the_posterior_is_that_of_two_gaussians() -> None:
    """Bayes: q(x_{t−1} | x_0) q(x_t | x_{t−1}), whose precisions add."""
    schedule = linear(50)
    diffusion, t = Diffusion(schedule), 20
    x, clean = torch.tensor([[0.7]], dtype=torch.float64), torch.tensor([[-0.3]], dtype=torch.float64)
    beta, before = schedule.betas[t], schedule.alphas_cumprod_previous[t]
    precision = 1 / (1 - before) + (1 - beta) / beta
    mean = (before.sqrt() * clean / (1 - before) + (1 - beta).sqrt() * x / beta) / precision
    for step in (t, torch.tensor([t])):
        posterior = diffusion.posterior(x, step, clean)
        torch.testing.assert_close(posterior.mean, mean)
        torch.testing.assert_close(torch.as_tensor(posterior.variance).double().reshape(()), 1 / precision)


def test_a_target_is_one_at_the_positive() -> None:
    assert one_hot_target(torch.tensor([1]), 3, negative=-1.0).tolist() == [[-1.0, 1.0, -1.0]]


def test_targets_and_noise_are_no_whole_numbers() -> None:
    target = one_hot_target(torch.tensor([1]), 3, negative=-1)
    assert target.dtype == torch.float32
    assert target.tolist() == [[-1.0, 1.0, -1.0]]
    diffusion = Diffusion(cosine(10))
    with pytest.raises(ValueError, match="floating type"):
        diffusion.noised(torch.tensor([[1, 0]]), 3, torch.zeros(1, 2))
