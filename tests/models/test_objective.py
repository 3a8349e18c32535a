"""The loss of a training step."""

from __future__ import annotations

from tests.support.training_runs import small_trainer


def test_minus_one_may_be_a_whole_number() -> None:
    whole, real = (small_trainer(negative=value) for value in (-1, -1.0))
    assert [step.loss for step in whole.run()] == [step.loss for step in real.run()]
