"""Samplers in closed form, and the noise that they take."""

from __future__ import annotations

import pytest
import torch

from mediaindex_models.diffusion import Diffusion
from mediaindex_models.sampler import ancestral, ddim, last, seeded_noise, single_evaluation
from mediaindex_models.schedule import cosine


@pytest.mark.parametrize("eta", [0.0, 0.5, 1.0])
def test_a_network_that_knows_the_answer_leads_there(eta: float) -> None:
    answer, diffusion = torch.tensor([[1.0, 0.0, -1.0]]), Diffusion(cosine(50))
    noise = list(torch.randn(50, 1, 3))
    steps = list(ddim(lambda _x, _t: answer, torch.randn(1, 3), diffusion, eta=eta, noise=noise))
    torch.testing.assert_close(steps[-1].x, answer)
    assert [step.t for step in steps] == list(range(49, -1, -1))
    torch.testing.assert_close(
        last(ancestral(lambda _x, _t: answer, torch.randn(1, 3), diffusion, noise=noise)), answer
    )


def test_ddim_without_eta_keeps_the_noise_that_it_started_with() -> None:
    clean, start, diffusion = torch.tensor([[0.4, -0.2]]), torch.randn(1, 2), Diffusion(cosine(50))
    # a network that always predicts the x_0 of the path through `start`: x_t = √ᾱ x_0 + √(1 − ᾱ) ε
    start = diffusion.noised(clean, 49, torch.tensor([[1.5, -0.5]]))
    noise = diffusion.noise_of(start, 49, clean)
    for step in list(ddim(lambda _x, _t: clean, start, diffusion))[:-1]:
        torch.testing.assert_close(step.x, diffusion.noised(clean, step.t - 1, noise), atol=1e-4, rtol=1e-4)


def test_clamping_is_a_choice() -> None:
    far = torch.tensor([[3.0, -2.0]])
    for clamp, expected in ((True, [[1.0, -1.0]]), (False, [[3.0, -2.0]])):
        done = last(ddim(lambda _x, _t: far, torch.zeros(1, 2), Diffusion(cosine(4)), clamp=clamp))
        assert done.tolist() == expected


def test_one_evaluation_starts_from_nothing_at_the_noisiest_step() -> None:
    seen = []

    def denoise(x: torch.Tensor, t: int) -> torch.Tensor:
        seen.append((x.tolist(), t))
        return x + 5

    assert single_evaluation(denoise, torch.ones(1, 2), Diffusion(cosine(50))).tolist() == [[5.0, 5.0]]
    assert seen == [([[0.0, 0.0]], 49)]


def test_noise_belongs_to_its_query() -> None:
    like = torch.zeros(1)
    together = seeded_noise([7, 8, 9], 4, like=like)
    assert torch.equal(together[1:2], seeded_noise([8], 4, like=like))
    assert not torch.equal(together[0], together[1])


def test_noise_is_needed_where_a_sampler_is_stochastic() -> None:
    with pytest.raises(ValueError, match="eta > 0"):
        ddim(lambda x, _t: x, torch.zeros(1, 2), Diffusion(cosine(4)), eta=1.0)
    with pytest.raises(ValueError, match="at least one step"):
        last(iter(()))


@pytest.mark.parametrize("eta", [-0.5, 1.5, float("nan")])
def test_an_eta_outside_its_range_is_refused(eta: float) -> None:
    with pytest.raises(ValueError, match="eta lies in"):
        ddim(lambda x, _t: x, torch.zeros(1, 2), Diffusion(cosine(10)), eta=eta, noise=[])


def test_noise_fits_the_steps_and_the_lists() -> None:
    start, diffusion = torch.zeros(1, 2), Diffusion(cosine(10))
    for noise in ([torch.zeros(1, 2)] * 8, [torch.zeros(3, 2)] * 10):
        with pytest.raises(ValueError, match="10 steps need noise"):
            last(ancestral(lambda x, _t: x, start, diffusion, noise=noise))


def test_fresh_noise_of_ddim_is_of_the_posteriors_variance() -> None:
    """With eta = 1 a step from (x, x_0) has the mean and the variance of the posterior."""
    diffusion, clean = Diffusion(cosine(50)), torch.tensor([[0.4, -0.2]])
    x, fresh = torch.randn(1, 2), torch.randn(1, 2)
    first = next(ddim(lambda _x, _t: clean, x, diffusion, eta=1.0, noise=[fresh] * 50))
    posterior = diffusion.posterior(x, 49, clean)
    torch.testing.assert_close(
        first.x, posterior.mean + float(posterior.variance) ** 0.5 * fresh, atol=1e-4, rtol=1e-4
    )
