"""The plan of a training: a recipe with steps and lists for a CPU and for the clips."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mediaindex.errors import UsageError
from mediaindex.learn.training.data import TrainingData, read_training_data
from mediaindex.learn.training.plan import plan_training, shrunk_to_clips
from mediaindex_models.training_config import TRAINING
from tests.support.training_features import EVIDENCE, WIDTH, clips, write


def test_settings_shrink_to_the_clips_that_there_are(tmp_path: Path) -> None:
    data = read_training_data([write(tmp_path / "a", clips(12))])
    config = plan_training("residual", data, steps=3, seed=4).config
    assert (config.batch, config.candidates, config.gallery) == (10, 10, 10)
    assert (config.steps, config.seed) == (3, 4)
    config = plan_training("paper", data, stage="joint").config
    assert (config.batch, config.candidates, config.gallery, config.stage) == (10, 10, None, "joint")


def test_a_first_stage_learns_at_its_published_rate(data: TrainingData) -> None:
    second, first = (plan_training("residual", data, stage=stage).config for stage in ("2", "1"))
    assert first.learning_rate == TRAINING["matcher"].learning_rate
    assert first.learning_rate < second.learning_rate
    assert (first.gallery, first.stage) == (None, "1")


def test_a_recipe_is_sized_by_the_features(data: TrainingData) -> None:
    plan = plan_training("residual", data)
    assert (plan.recipe, plan.spec.width, plan.spec.evidence, plan.half) == (
        "residual",
        WIDTH,
        EVIDENCE,
        False,
    )
    bare = plan_training("residual", replace(data, evidence_width=0))
    assert bare.spec.evidence == 0


@given(clips=st.integers(2, 3000), recipe=st.sampled_from(["residual", "paper"]))
def test_no_list_is_longer_than_there_are_clips(clips: int, recipe: str) -> None:
    config = TRAINING[recipe]
    shrunk = shrunk_to_clips(config, clips)
    assert shrunk.batch == min(config.batch, clips)
    assert shrunk.candidates <= clips
    assert shrunk.gallery is None or shrunk.gallery <= clips
    assert shrunk_to_clips(config, 10**6) == config


@pytest.mark.parametrize(
    ("recipe", "options", "reason"),
    [
        ("best", {}, "generator is one of"),
        ("residual", {"steps": 0}, "at least one step"),
        ("residual", {"stage": "3"}, "stage"),
    ],
)
def test_a_plan_that_cannot_be_is_refused(
    data: TrainingData, recipe: str, options: dict[str, Any], reason: str
) -> None:
    with pytest.raises(UsageError, match=reason):
        plan_training(recipe, data, **options)
