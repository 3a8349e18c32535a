"""The twins: they see what the denoisers see, but no noise, no step, or no list."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from mediaindex_models.control import PointwiseControl, WithoutDiffusion, parameters
from mediaindex_models.denoiser import Direction, PaperDenoiser
from mediaindex_models.residual import ResidualDenoiser
from tests.support.list_features import WIDTH
from tests.support.networks import both_directions, lists_for, noise_and_steps, perturbed_generator, reordered


@pytest.mark.parametrize("name", ["paper-without-diffusion", "residual-without-diffusion", "pointwise"])
@both_directions
def test_a_twin_without_diffusion_sees_neither_noise_nor_step(name: str, direction: Direction) -> None:
    generator, lists = perturbed_generator(name), lists_for(name, direction)
    x, t = noise_and_steps(lists)
    assert torch.equal(generator(x, t, lists), generator(-x, 49 - t, lists))


@both_directions
def test_a_twin_is_the_denoiser_at_the_noisiest_step_from_zero(direction: Direction) -> None:
    denoiser, lists = PaperDenoiser(WIDTH, direction=direction), lists_for("paper", direction)
    x, t = noise_and_steps(lists)
    arguments = lists.text, lists.video, lists.mask
    twin = WithoutDiffusion(denoiser, steps=50)
    assert torch.equal(
        twin(x, t, *arguments), denoiser(torch.zeros_like(x), torch.full_like(t, 49), *arguments)
    )


@both_directions
def test_the_pointwise_twin_sees_no_other_candidate(direction: Direction) -> None:
    generator, lists = perturbed_generator("pointwise"), lists_for("pointwise", direction)
    # the score is standardised in its list before any network sees it; equal scores stay so
    lists = replace(lists, score=torch.zeros_like(lists.score))
    x, t = noise_and_steps(lists)
    whole, part = generator(x, t, lists), reordered(lists, torch.tensor([2]))
    torch.testing.assert_close(generator(x[:, 2:3], t, part), whole[:, 2:3])
    listwise = perturbed_generator("residual")
    assert not torch.allclose(listwise(x[:, 2:3], t, part), listwise(x, t, lists)[:, 2:3])


@pytest.mark.parametrize(("width", "evidence"), [(384, 256), (512, 0)])
def test_twins_have_as_many_parameters(width: int, evidence: int) -> None:
    residual = ResidualDenoiser(width, direction="t2v", evidence=evidence)
    pointwise = PointwiseControl(width, direction="t2v", evidence=evidence)
    unit = pointwise.hidden.in_features + 2
    assert abs(parameters(residual) - parameters(pointwise)) <= unit
