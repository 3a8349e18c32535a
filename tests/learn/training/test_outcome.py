"""The outcome of a training: constants by validation, figures by queries that chose none of them."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
import torch

from mediaindex.learn.evaluation.generator_trial import WEIGHTS
from mediaindex.learn.evaluation.retrieval_trial import Trial, trials_of
from mediaindex.learn.training.data import TrainingData, pairs_of
from mediaindex.learn.training.outcome import (
    BaseRanking,
    evaluate_generator,
    loss_at_noisiest_step,
    report_of,
    scored_trials,
)
from mediaindex_models.generator import Generator
from mediaindex_models.matcher import Matcher
from tests.support.training_features import WIDTH, small_plan


@pytest.fixture(scope="module")
def trials(data: TrainingData) -> tuple[Trial, ...]:
    return trials_of(data.validation, pairs_of(data.validation), pairs_of(data.train))


def test_a_trial_is_scored_by_the_cheap_rankings(trials: tuple[Trial, ...]) -> None:
    plain, corrected = (
        scored_trials(trials, BaseRanking(0.5, 20.0, hub_correction=corrects), None)
        for corrects in (False, True)
    )
    for trial, one, other in zip(trials, plain, corrected, strict=True):
        assert list(one.ranks) == ["base", "blend", "corrected"]
        np.testing.assert_array_equal(one.score, trial.score(0.5))
        np.testing.assert_array_equal(other.score, trial.score(0.5, 20.0))
        np.testing.assert_array_equal(one.ranks["base"], trial.ranks(trial.score(0.0)))


def test_a_first_stage_scores_both_directions_with_one_matrix(trials: tuple[Trial, ...]) -> None:
    torch.manual_seed(0)
    matcher = Matcher(WIDTH, layers=1, places=16).eval()
    by_text, by_clip = scored_trials(trials, BaseRanking(0.5, 20.0), matcher)
    assert list(by_text.ranks)[-1] == "matched"
    firsts = trials[0].rows.numpy()
    np.testing.assert_allclose(by_text.score[firsts], by_clip.score.T, atol=1e-6)


def test_after_a_first_stage_there_is_nothing_to_choose(
    trials: tuple[Trial, ...], data: TrainingData
) -> None:
    scored = scored_trials(trials, BaseRanking(0.5, 20.0), None)
    evaluation = evaluate_generator(scored, (), None, progress=lambda _done, _total: None)
    assert (evaluation.weight, dict(evaluation.calibration)) == (None, {})
    assert [one.candidates for one in evaluation.directions] == [0, 0]


def test_a_generator_that_changes_nothing_ranks_as_its_lists(
    trials: tuple[Trial, ...], data: TrainingData
) -> None:
    scored = scored_trials(trials, BaseRanking(0.5, 20.0), None)
    generator = Generator(small_plan(data).spec).eval()
    events: list[tuple[int, int]] = []
    evaluation = evaluate_generator(scored, (), generator, progress=lambda *event: events.append(event))
    queries = sum(len(one.score) for one in scored)
    assert events[-1] == (queries, queries)
    assert events == sorted(events)
    assert evaluation.weight == WEIGHTS[0], "of equally good ones the most careful"
    for direction, one in zip(evaluation.directions, scored, strict=True):
        np.testing.assert_array_equal(direction.ranks["generator"], one.ranks["blend"])
        assert direction.candidates == len(data.validation.paths) - 1
        assert direction.recall_at_candidates == 100.0 * np.mean(one.ranks["blend"] < direction.candidates)
    report = report_of(evaluation, data, by="validation")
    assert report["measured_on"] == "validation"
    assert report["data"] == {
        "train": {"clips": 80, "captions": 160, "sources": ["some"]},
        "validation": {"clips": 40, "captions": 80, "sources": ["some"]},
        "test": None,
    }
    assert json.loads(json.dumps(report)) == report


def test_the_paper_s_constant_is_not_chosen(trials: tuple[Trial, ...], data: TrainingData) -> None:
    scored = scored_trials(trials, BaseRanking(0.5, 20.0), None)[:1]
    few = [replace(one, trial=one.trial.some(np.arange(4)), score=one.score[:4]) for one in scored]
    generator = Generator(small_plan(data, "paper", gallery=None).spec).eval()
    evaluation = evaluate_generator(few, (), generator, progress=lambda _done, _total: None)
    assert evaluation.weight is None


def test_the_loss_at_the_noisiest_step_is_the_same_again(data: TrainingData) -> None:
    plan = small_plan(data)
    pairs, generator = pairs_of(data.validation), Generator(plan.spec).eval()
    once, again = (loss_at_noisiest_step(pairs, plan.config, generator, None) for _ in range(2))
    assert once == again
    assert once > 0
