"""Generators on lists that hold what a scorer says: they learn it, and are measured beside their twins."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from mediaindex.learn.features.feature_set import Features
from mediaindex.learn.scorer.list_generators import (
    ReadLists,
    answered,
    candidates_of,
    reading_generator,
    without_every_other_answer,
)
from mediaindex.learn.scorer.mixture_trial import ScoredLists, SearchOrder, scored_lists
from mediaindex.learn.training.data import TrainingData
from mediaindex.learn.training.plan import plan_training
from mediaindex.search.ranking.evidence_reranker import NumpyGeneratorReranker
from mediaindex.search.ranking.shortlist import Shortlist
from mediaindex_models.checkpoint import SavedGenerator, save
from mediaindex_models.checkpoint_numpy import load
from tests.support.pictured import Read, Study

MIXTURE = np.array([1.0, 0.0, 0.0, 0.0, 0.0], np.float32)
RANKINGS = ["blend", "corrected", "linear", "pointwise", "without diffusion", "generator"]


@pytest.fixture(scope="module")
def telling(test_share: Features, read: Read, order: SearchOrder) -> ScoredLists:
    """Lists in which L2 tells the right clip, which the similarity does not."""
    scorer, tokens = read
    lists = scored_lists(scorer, test_share, tokens, order)
    numbers = lists.numbers.copy()
    numbers[..., 1:] = np.random.default_rng(0).normal(size=numbers[..., 1:].shape)
    numbers[np.arange(len(numbers)), lists.place, 2] += 6.0
    return replace(lists, numbers=numbers)


def trained(
    data: TrainingData,
    lists: ScoredLists,
    shares: tuple[str, ...],
    told: list[Any],
    *,
    mixture: NDArray[np.float32] = MIXTURE,
    steps: int = 60,
) -> tuple[SavedGenerator, dict[str, Any]]:
    read = ReadLists("0d" * 32, mixture, (lists,), dict.fromkeys(shares, lists))
    plan = plan_training("residual", data, steps=steps)
    saved = reading_generator(data, read, plan, told.append)
    return saved, dict(saved.report)


@pytest.fixture(scope="module")
def learnt(made: Study, telling: ScoredLists) -> tuple[SavedGenerator, dict[str, Any]]:
    return trained(made.data, telling, ("validation", "test"), [])


def test_what_the_scorer_knows_is_learnt(learnt: tuple[SavedGenerator, dict[str, Any]]) -> None:
    _saved, report = learnt
    assert [row["ranking"] for row in report["rows"]] == RANKINGS
    ranked = {row["ranking"]: row["metrics"]["MRR"]["value"] for row in report["rows"]}
    assert ranked["linear"] == ranked["corrected"], "this mixture weighs the similarity alone"
    for name in ("pointwise", "without diffusion", "generator"):
        assert ranked[name] > ranked["corrected"] + 50.0, name
    assert report["loss_at_noisiest_step"]["train"] < 1.0
    assert set(report["constants"]) == {"weight"}
    assert report["recall_at_candidates"] == {"t2v": 100.0}


def test_each_ranking_has_a_gate_that_of_the_generator_first(
    learnt: tuple[SavedGenerator, dict[str, Any]],
) -> None:
    gates = learnt[1]["gates"]
    assert [gate["component"] for gate in gates] == ["generator", "linear", "pointwise", "without diffusion"]
    assert "no source was left out of training" in gates[0]["reason"]
    assert gates[1]["reason"].endswith("no certain gain")
    assert not any(gate["on"] for gate in gates)


def test_of_two_that_gain_the_better_one_is_on(made: Study, telling: ScoredLists) -> None:
    """Half of the captions are of a source that was not trained on."""
    data = replace(made.data, train=replace(made.data.train, sources=("a",) * len(made.data.train.captions)))
    sources = np.array(["a", "b"]).repeat(len(telling.place) // 2)
    lists = replace(telling, trial=replace(telling.trial, sources=sources))
    shares, telling_mixture = ("validation", "test"), np.array([0, 0, 1, 0, 0], np.float32)
    _saved, first = trained(data, lists, shares, [])
    assert [gate["on"] for gate in first["gates"]] == [True, False, True, True]
    _saved, second = trained(data, lists, shares, [], mixture=telling_mixture, steps=12)
    generator, linear, *_twins = second["gates"]
    assert (generator["on"], linear["on"]) == (False, True)
    assert re.search(r", but the linear mixture has \d+\.\d\d MRR more, and is on$", generator["reason"])


def test_a_search_without_torch_orders_as_it_was_measured(
    learnt: tuple[SavedGenerator, dict[str, Any]], telling: ScoredLists, tmp_path: Path
) -> None:
    saved, _report = learnt
    save(saved, tmp_path / "residual", card="")
    reranker = NumpyGeneratorReranker(load(tmp_path / "residual"))
    assert reranker.scorer == "0d" * 32
    measured = answered(saved.generator, telling).order(saved.generator.spec).numpy()
    for query in (0, 7, 41):
        own = candidates_of(telling, np.array([query])).expand_gallery()
        shortlist = Shortlist(
            "",
            own.text[0].numpy(),
            own.video[0].numpy(),
            own.mask[0].numpy(),
            own.score[0].numpy(),
            None,
            telling.numbers[query, :, 1:],
        )
        order = reranker.rerank(shortlist).order
        np.testing.assert_array_equal(order[:5], np.argsort(-measured[query], kind="stable")[:5])
    assert reranker.rerank(shortlist).none_probability is not None


def test_what_chose_the_weight_opens_no_gate(made: Study, telling: ScoredLists) -> None:
    told: list[Any] = []
    _saved, report = trained(made.data, telling, ("validation",), told)
    assert report["measured_on"] == "validation"
    assert report["gates"][0]["reason"].endswith("its weight was chosen by the same captions")
    assert list(dict.fromkeys(event["stage"] for event in told)) == [
        "training, pointwise",
        "training, without diffusion",
        "training, generator",
    ]


def test_every_second_answer_is_taken_out(telling: ScoredLists) -> None:
    fewer = without_every_other_answer(telling)
    queries, count = telling.chosen.shape
    assert fewer.chosen.shape == (queries, count - 1)
    assert (fewer.place[1::2] == count - 1).all()
    for query in range(0, queries, 2):
        if fewer.place[query] < count - 1:
            assert fewer.chosen[query, fewer.place[query]] == telling.trial.right[query]
        else:
            assert telling.place[query] == count - 1
    for query in range(1, queries, 2):
        assert telling.trial.right[query] not in fewer.chosen[query]
        assert fewer.numbers[query, :, 0].tolist() == sorted(
            fewer.numbers[query, :, 0].tolist(), reverse=True
        )
