"""A generator on the candidate lists of a trial, and the constants chosen on them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from mediaindex.learn.evaluation.generator_trial import (
    WEIGHTS,
    CandidateLists,
    best_weight,
    calibration_of,
    candidate_lists,
    matcher_score,
    sources_of,
    without_every_other_answer,
)
from mediaindex.learn.evaluation.retrieval_trial import Trial, trials_of
from mediaindex.learn.training.data import TrainingData, pairs_of
from mediaindex_models.generator import Generator
from mediaindex_models.matcher import Matcher
from tests.support.training_features import WIDTH, small_plan


def test_an_untrained_generator_leaves_the_order_as_it_is(data: TrainingData) -> None:
    bank, pairs = pairs_of(data.train), pairs_of(data.validation)
    generator = Generator(small_plan(data).spec).eval()
    for trial in trials_of(data.validation, pairs, bank):
        score = trial.score(0.5)
        for candidates in (5, 64):
            made = candidate_lists(trial, score, generator, candidates=candidates)
            np.testing.assert_array_equal(made.ranks(generator.spec), trial.ranks(score))


@pytest.fixture(scope="module")
def trial(data: TrainingData) -> Trial:
    return trials_of(data.validation, pairs_of(data.validation), pairs_of(data.train))[0]


@pytest.fixture(scope="module")
def generator(data: TrainingData) -> Generator:
    return Generator(small_plan(data).spec).eval()


def test_lists_hold_the_best_candidates_and_where_the_right_one_stands(
    trial: Trial, generator: Generator
) -> None:
    score, done = trial.score(0.5), list[int]()
    lists = candidate_lists(trial, score, generator, candidates=5, progress=done.append)
    assert done[-1] == len(score)
    np.testing.assert_array_equal(lists.score, -np.sort(-score, axis=1)[:, :5])
    ranks = trial.ranks(score)
    np.testing.assert_array_equal(lists.outside, ranks)
    np.testing.assert_array_equal(lists.place, np.minimum(ranks, 5))


def test_an_item_out_of_reach_is_in_no_list(trial: Trial, generator: Generator) -> None:
    score = without_every_other_answer(trial, trial.score(0.5))
    assert np.isneginf(score[1::2, :][np.arange(len(score) // 2), trial.right[1::2]]).all()
    assert np.isfinite(score[::2]).all()
    lists = candidate_lists(trial, score, generator, candidates=10**6)
    assert lists.score.shape[1] == 39
    assert (lists.place[1::2] == 39).all()
    assert torch.isfinite(lists.score).all()


def test_a_calibration_needs_queries_with_and_without_an_answer(trial: Trial, generator: Generator) -> None:
    score = trial.score(0.5)
    both = candidate_lists(trial, without_every_other_answer(trial, score), generator, candidates=64)
    assert calibration_of(both, generator.spec) is not None
    with_answers = replace(both, place=np.zeros_like(both.place))
    assert calibration_of(with_answers, generator.spec) is None


def test_a_source_counts_alone_where_it_has_enough_queries(trial: Trial) -> None:
    sources = np.array(["many"] * 40 + ["enough"] * 30 + ["few"] * 10)
    everything = np.ones(80, np.bool_)
    masks = sources_of(replace(trial, sources=sources), everything)
    assert [int(mask.sum()) for mask in masks] == [30, 40]
    few = np.arange(80) >= 70
    (only,) = sources_of(replace(trial, sources=sources), few)
    np.testing.assert_array_equal(only, few)


def test_the_weight_follows_the_source_that_gains_least(trial: Trial, generator: Generator) -> None:
    right = np.full(80, 1)
    right[40:] = 0
    sources = np.array(["helped"] * 40 + ["harmed"] * 40)
    score = torch.tensor([[1.0, 0.9, 0.0]]).repeat(80, 1)
    clean = torch.tensor([[0.0, 0.03, 0.0]]).repeat(80, 1)  # prefers the second item a little
    lists = CandidateLists(
        replace(trial, sources=sources), score, clean, right.astype(np.intp), right.astype(np.float64)
    )
    everything = [np.ones(80, np.bool_)]
    assert best_weight([lists], generator.spec, everything) == WEIGHTS[0], "it may not harm either source"
    helped = [sources == "helped"]
    assert best_weight([lists], generator.spec, helped) < WEIGHTS[0]


def test_a_matcher_scores_every_text_with_every_clip(data: TrainingData) -> None:
    torch.manual_seed(0)
    matcher = Matcher(WIDTH, layers=1, places=16).eval()
    pairs = pairs_of(data.validation).through(matcher)
    score = matcher_score(pairs, matcher)
    assert score.shape == (80, 40)
    assert pairs.words is not None
    assert pairs.word_mask is not None
    some = matcher.interaction(pairs.words[:2], pairs.frames, pairs.word_mask[:2], pairs.mask)
    np.testing.assert_allclose(score[:2], some.detach(), atol=1e-5)
