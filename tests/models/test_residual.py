"""The residual denoiser."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from mediaindex_models.candidates import Candidates
from mediaindex_models.control import WithoutDiffusion
from mediaindex_models.correction import GAIN_UNIT, ScoreCorrection
from mediaindex_models.denoiser import Direction
from mediaindex_models.errors import UnfitInput
from mediaindex_models.generator import Generator
from mediaindex_models.presets import preset
from mediaindex_models.residual import ResidualDenoiser
from tests.support.list_features import EVIDENCE, WIDTH, random_lists
from tests.support.networks import both_directions, lists_for, noise_and_steps, perturbed_generator


def test_a_residual_generator_reads_frames_alone_where_there_is_no_evidence() -> None:
    generator = Generator(preset("residual", width=WIDTH))
    assert generator.ranker("v2t")(random_lists("v2t", evidence=0)).score.shape == (3, 4)


@both_directions
def test_a_candidate_is_judged_by_the_rest_of_its_list(direction: Direction) -> None:
    generator, lists = perturbed_generator("residual"), lists_for("residual", direction)
    x, t = noise_and_steps(lists)
    other = replace(lists, score=lists.score.roll(1, dims=0))
    assert not torch.allclose(generator(x, t, other), generator(x, t, lists))
    assert not torch.allclose(generator(x, 49 - t, lists), generator(x, t, lists))


@both_directions
def test_no_score_is_as_good_as_equal_scores(direction: Direction) -> None:
    network = perturbed_generator("residual").denoiser(direction)
    lists = lists_for("residual", direction)
    x, t = noise_and_steps(lists)
    sides = lists.text, lists.video, lists.mask
    equal = torch.full_like(lists.score, 0.4)
    torch.testing.assert_close(
        network(x, t, *sides, None, lists.evidence), network(x, t, *sides, equal, lists.evidence)
    )


def test_before_training_the_noise_does_not_reach_the_answer() -> None:
    lists = lists_for("residual", "t2v")
    x, t = noise_and_steps(lists)
    network = ResidualDenoiser(WIDTH, direction="t2v", evidence=EVIDENCE).eval()
    sides = lists.text, lists.video, lists.mask, lists.score, lists.evidence
    assert torch.equal(network(x, t, *sides), network(-x, t, *sides))


def with_numbers(direction: Direction, count: int = 5) -> Candidates:
    lists = random_lists(direction, evidence=0)
    return replace(lists, numbers=torch.randn(*lists.score.shape, count))


@pytest.mark.parametrize("name", ["residual", "residual-without-diffusion", "pointwise"])
@both_directions
def test_numbers_of_a_scorer_are_weighed_linearly_before_anything_else_is_learnt(
    name: str, direction: Direction
) -> None:
    generator, lists = Generator(preset(name, width=WIDTH, numbers=5)).eval(), with_numbers(direction)
    assert lists.numbers is not None
    x, t = noise_and_steps(lists)
    same = Generator(preset(name, width=WIDTH)).eval()
    torch.testing.assert_close(generator(x, t, lists), same(x, t, replace(lists, numbers=None)))
    network = generator.denoiser(direction)
    correction = network.denoiser if isinstance(network, WithoutDiffusion) else network
    assert isinstance(correction, ScoreCorrection)
    weights = torch.tensor([2.0, 6.0, 1.5, 3.4, 5.4])
    correction.score_gain.data.zero_()
    correction.number_gains.data.copy_(weights / GAIN_UNIT)
    torch.testing.assert_close(100 * generator(x, t, lists), lists.numbers @ weights, atol=1e-4, rtol=1e-4)


@both_directions
def test_a_list_of_other_numbers_is_refused(direction: Direction) -> None:
    generator = Generator(preset("residual", width=WIDTH, numbers=5)).eval()
    for lists in (with_numbers(direction, 4), random_lists(direction, evidence=0)):
        x, t = noise_and_steps(lists)
        with pytest.raises(ValueError, match="numbers of a scorer"):
            generator(x, t, lists)


def test_lists_ranked_in_parts_keep_their_numbers() -> None:
    lists = with_numbers("t2v")
    assert lists.numbers is not None
    parts = list(lists.split(2))
    assert torch.equal(torch.cat([part.numbers for part in parts if part.numbers is not None]), lists.numbers)
    made = Generator(preset("residual", width=WIDTH, numbers=5)).eval()
    for weights in made.parameters():
        weights.data += 0.2 * torch.randn_like(weights)
    whole = made.ranker("t2v")(lists).score
    alone = torch.cat([made.ranker("t2v")(lists.rows(n, n + 1)).score for n in range(len(lists))])
    torch.testing.assert_close(alone, whole, atol=1e-4, rtol=1e-4)
    broken = lists.numbers.clone()
    broken[1, 0, 2] = torch.nan
    with pytest.raises(UnfitInput, match="numbers of the queries"):
        made.ranker("t2v")(replace(lists, numbers=broken))
