"""Settings of a run: what is refused, and the learning rate."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest

from mediaindex_models.training_config import TRAINING
from tests.support.training_runs import SHORT


@pytest.mark.parametrize(
    "changes",
    [{"learning_rate": math.inf}, {"weight_decay": math.nan}, {"clip_norm": 0.0}, {"negative": math.nan}],
)
def test_settings_that_train_nothing_are_refused(changes: dict[str, float]) -> None:
    with pytest.raises(ValueError, match=r"finite number|above 0"):
        replace(SHORT, **changes)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"stage": "3"}, "a stage is one of 1, 2"),
        ({"steps": 0}, "at least one step"),
        ({"gallery": None, "candidates": 7}, "cannot fill lists of 7"),
        ({"gallery": 4}, "at least a batch and a list"),
        ({"ema": 1.0}, "ema"),
    ],
)
def test_impossible_settings_are_refused(changes: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        replace(SHORT, **changes)  # type: ignore[arg-type]


def test_the_learning_rate_rises_and_falls() -> None:
    config = TRAINING["paper"]
    rates = [config.learning_rate_at(step) for step in range(config.steps)]
    top = rates.index(max(rates))
    assert rates[top] == pytest.approx(config.learning_rate)
    assert top + 1 == pytest.approx(config.warmup * config.steps, abs=1)
    assert rates == sorted(rates[: top + 1]) + sorted(rates[top + 1 :], reverse=True)
    assert all(rate > 0 for rate in rates)


def test_lists_come_from_the_batch_where_the_first_stage_moves() -> None:
    assert not SHORT.mines_in_batch
    assert replace(SHORT, gallery=None).mines_in_batch
    assert all(replace(SHORT, stage=stage).mines_in_batch for stage in ("1", "joint", "generative"))
