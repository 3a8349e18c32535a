"""The loss of a training step."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from mediaindex_models.objective import Objective
from mediaindex_models.training_config import Stage
from tests.support.list_features import learnable_pairs
from tests.support.training_runs import SHORT, small_generator, small_matcher, small_trainer


def test_minus_one_may_be_a_whole_number() -> None:
    whole, real = (small_trainer(negative=value) for value in (-1, -1.0))
    assert [step.loss for step in whole.run()] == [step.loss for step in real.run()]


def objective(stage: Stage, *, gallery: int | None = 10) -> Objective:
    return Objective(
        learnable_pairs(),
        replace(SHORT, stage=stage, gallery=gallery),
        small_generator().eval(),
        small_matcher(),
    )


def test_a_step_draws_a_gallery_or_the_batch_alone() -> None:
    assert len(objective("2").draw(torch.Generator())) == 10
    assert len(objective("2", gallery=None).draw(torch.Generator())) == SHORT.batch
    assert len(objective("joint").draw(torch.Generator())) == SHORT.batch


def test_the_joint_loss_is_the_sum_of_both() -> None:
    def loss(stage: Stage) -> float:
        own, random = objective(stage), torch.Generator().manual_seed(0)
        return float(own.loss(own.draw(random), random).detach())

    assert loss("joint") == pytest.approx(loss("generative") + loss("1"), rel=1e-6)


def test_the_loss_at_the_noisiest_step_depends_on_no_noise() -> None:
    own = objective("2")
    gallery = own.pairs.gallery(own.draw(torch.Generator().manual_seed(0)))
    losses = [
        float(own.generation(gallery, torch.Generator().manual_seed(seed), noisiest=True).detach())
        for seed in (1, 2)
    ]
    assert losses[0] == losses[1]
