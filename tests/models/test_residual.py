"""The residual denoiser."""

from __future__ import annotations

from dataclasses import replace

import torch

from mediaindex_models.denoiser import Direction
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
