"""What a list's network adds to the score of its candidates."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from mediaindex_models.correction import cosines, standardised
from mediaindex_models.denoiser import DIRECTIONS, Direction
from mediaindex_models.generator import Generator, fused
from mediaindex_models.presets import preset
from tests.support.list_features import EVIDENCE, WIDTH, random_lists
from tests.support.networks import both_directions, lists_for, noise_and_steps, perturbed_generator


@pytest.mark.parametrize("name", ["residual", "residual-without-diffusion", "pointwise"])
@both_directions
def test_before_training_the_given_order_comes_back(name: str, direction: Direction) -> None:
    generator, lists = (
        Generator(preset(name, width=WIDTH, evidence=EVIDENCE)),
        lists_for(name, direction, count=9),
    )
    ranked = generator.ranker(direction)(lists)
    assert torch.equal(ranked.score.argsort(dim=1), lists.score.argsort(dim=1))
    x, t = noise_and_steps(lists)
    assert torch.equal(generator.eval()(x, t, lists).argsort(dim=1), lists.score.argsort(dim=1))


def test_equal_scores_add_nothing_to_the_order() -> None:
    spec = preset("residual", width=WIDTH)
    ranking = fused(spec, torch.zeros(1, 3), torch.full((1, 3), 0.7))
    assert ranking.tolist() == [[0.0, 0.0, 0.0]]


def test_evidence_of_another_width_is_refused() -> None:
    generator, lists = perturbed_generator("residual"), random_lists("t2v", evidence=EVIDENCE + 1)
    with pytest.raises(
        ValueError, match=f"{EVIDENCE + 1} numbers of evidence, the generator reads {EVIDENCE}"
    ):
        generator.ranker("t2v")(lists)


@pytest.mark.parametrize("name", ["residual", "residual-without-diffusion", "pointwise"])
@pytest.mark.parametrize("direction", DIRECTIONS)
def test_half_precision_bears_padded_frames_of_zeros(name: str, direction: Direction) -> None:
    lists = random_lists(direction)
    lists = replace(lists, video=lists.video * lists.mask[..., None])
    generator = Generator(preset(name, width=WIDTH, evidence=EVIDENCE))
    exact = generator.ranker(direction)(lists)
    rough = generator.ranker(direction, dtype=torch.float16)(lists)
    torch.testing.assert_close(rough.score, exact.score, atol=0.05, rtol=0.05)


def test_standardised_scores_have_mean_zero_and_deviation_one() -> None:
    scores = standardised(torch.tensor([[1.0, 2.0, 3.0], [0.25, 0.25, 0.25]]))
    third = 1.5**0.5
    torch.testing.assert_close(scores, torch.tensor([[-third, 0.0, third], [0.0, 0.0, 0.0]]))


def test_rounding_of_equal_scores_is_not_blown_up() -> None:
    scores = standardised(torch.tensor([[0.3, 0.3 + 3e-8, 0.3]]))
    assert float(scores.abs().max()) < 0.1


def test_cosines_do_not_depend_on_lengths() -> None:
    one, other = torch.randn(4, 8), torch.randn(4, 8)
    expected = torch.nn.functional.cosine_similarity(one, other)
    torch.testing.assert_close(cosines(3.0 * one, 0.1 * other), expected)
    assert cosines(one, torch.zeros(8)).tolist() == [0.0] * 4
