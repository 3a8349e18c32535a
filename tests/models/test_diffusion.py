"""Schedules, the forward process and its inverses, samplers in closed form."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from mediaindex_models.diffusion import Diffusion, one_hot_target
from mediaindex_models.sampler import ancestral, ddim, last, seeded_noise, single_evaluation
from mediaindex_models.schedule import (
    SCHEDULES,
    Schedule,
    cosine,
    linear,
    respaced,
    spread_steps,
    strided_steps,
)


@settings(deadline=None)
@given(steps=st.integers(1, 300), name=st.sampled_from(sorted(SCHEDULES)))
def test_less_and_less_of_the_clean_value_is_left(steps: int, name: str) -> None:
    if name == "linear" and steps <= 20:
        with pytest.raises(ValueError, match="at least 21 steps"):
            SCHEDULES[name](steps)
        return
    kept = SCHEDULES[name](steps).alphas_cumprod
    assert bool((kept.diff() < 0).all())
    assert bool(((kept > 0) & (kept < 1)).all())
    assert Diffusion(SCHEDULES[name](steps)).posterior_variance[0] == 0


@settings(deadline=None)
@given(steps=st.integers(2, 200), data=st.data())
def test_respacing_keeps_what_is_left_at_each_kept_step(steps: int, data: st.DataObject) -> None:
    kept = spread_steps(steps, data.draw(st.integers(1, steps)))
    whole = cosine(steps)
    thin = respaced(whole, kept)
    assert thin.timesteps == kept
    assert kept[-1] == steps - 1
    torch.testing.assert_close(thin.alphas_cumprod, whole.alphas_cumprod[list(kept)])


def test_steps_at_one_stride() -> None:
    assert strided_steps(50, 10) == (0, 5, 10, 15, 20, 25, 30, 35, 40, 45)
    with pytest.raises(ValueError, match="no whole stride"):
        strided_steps(50, 30)
    with pytest.raises(ValueError, match="between 1 and 50"):
        spread_steps(50, 51)


@pytest.mark.parametrize(
    ("betas", "timesteps"),
    [
        (torch.tensor([0.1, 0.2]), (0,)),
        (torch.tensor([0.1, 1.0]), (0, 1)),
        (torch.tensor([0.1, 0.2]), (1, 0)),
    ],
)
def test_an_impossible_schedule_is_refused(betas: torch.Tensor, timesteps: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match="schedule"):
        Schedule(betas.double(), timesteps)


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


def test_targets() -> None:
    assert one_hot_target(torch.tensor([1]), 3, negative=-1.0).tolist() == [[-1.0, 1.0, -1.0]]


def test_targets_and_noise_are_no_whole_numbers() -> None:
    target = one_hot_target(torch.tensor([1]), 3, negative=-1)
    assert target.dtype == torch.float32
    assert target.tolist() == [[-1.0, 1.0, -1.0]]
    diffusion = Diffusion(cosine(10))
    with pytest.raises(ValueError, match="floating type"):
        diffusion.noised(torch.tensor([[1, 0]]), 3, torch.zeros(1, 2))


@pytest.mark.parametrize("eta", [-0.5, 1.5, float("nan")])
def test_an_eta_outside_its_range_is_refused(eta: float) -> None:
    with pytest.raises(ValueError, match="eta lies in"):
        ddim(lambda x, _t: x, torch.zeros(1, 2), Diffusion(cosine(10)), eta=eta, noise=[])


def test_noise_fits_the_steps_and_the_lists() -> None:
    start, diffusion = torch.zeros(1, 2), Diffusion(cosine(10))
    for noise in ([torch.zeros(1, 2)] * 8, [torch.zeros(3, 2)] * 10):
        with pytest.raises(ValueError, match="10 steps need noise"):
            last(ancestral(lambda x, _t: x, start, diffusion, noise=noise))
