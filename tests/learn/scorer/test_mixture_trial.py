"""What mixing gains: of records as a library stores them, with a weight that other captions chose."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from mediaindex.learn.features.feature_set import Features
from mediaindex.learn.scorer.mixture_trial import (
    WEIGHTS,
    ScoredLists,
    SearchOrder,
    mixture_outcome,
    scored_lists,
)
from mediaindex_models.late_interaction import LOGIT_UNIT
from tests.support.pictured import Read

GAINS = np.array([0.4, 0.4, 0.4], np.float32)


@pytest.fixture(scope="module")
def lists(test_share: Features, read: Read, order: SearchOrder) -> ScoredLists:
    scorer, tokens = read
    return scored_lists(scorer, test_share, tokens, order)


def test_lists_hold_the_numbers_that_a_search_computes(
    test_share: Features, read: Read, order: SearchOrder, lists: ScoredLists
) -> None:
    scorer, tokens = read
    told: list[tuple[int, int]] = []
    plain = scored_lists(
        scorer,
        test_share,
        tokens,
        replace(order, corrects_hubs=False),
        progress=lambda *done: told.append(done),
    )
    assert lists.numbers.shape == (80, 40, 5)
    assert told[-1] == (80, 80)
    assert np.isfinite(lists.numbers).all()
    assert (np.diff(lists.numbers[..., 0], axis=1) <= 1e-6).all(), "best first"
    assert (np.sort(lists.chosen, axis=1) == np.arange(40)).all(), "each clip once"
    assert (lists.chosen[np.arange(80), lists.place] == lists.trial.right).all()
    only_similarity = np.array([1, 0, 0, 0, 0], np.float32)
    np.testing.assert_array_equal(lists.ranks(only_similarity), lists.corrected)
    np.testing.assert_array_equal(plain.ranks(only_similarity), plain.plain)
    assert (plain.numbers[..., 0] != lists.numbers[..., 0]).any()
    some = lists.ranks(np.array([0, 1, 0, 0, 0], np.float32))
    assert 0 <= some.min() <= some.max() < 40
    assert (some != lists.corrected).any()


def test_so_many_captions_are_asked(test_share: Features, read: Read, order: SearchOrder) -> None:
    scorer, tokens = read
    few = scored_lists(scorer, test_share, tokens, order, queries=7)
    assert few.numbers.shape == (7, 40, 5)


def test_a_search_divides_by_the_deviation_of_the_bank(
    test_share: Features, bank: NDArray[np.float32]
) -> None:
    order = SearchOrder.among(test_share, bank, blend=0.5, corrects_hubs=False)
    assert 0 < order.deviation < 1
    assert (order.blend, order.corrects_hubs) == (0.5, False)


def test_the_weight_is_one_of_the_table_and_the_gate_says_why(lists: ScoredLists) -> None:
    sources = frozenset(["captions.csv"])
    outcome = mixture_outcome({"validation": lists, "test": lists}, gains=GAINS, sources=sources)
    assert float(outcome.weights[0]) in WEIGHTS
    np.testing.assert_allclose(outcome.weights[1:], [*(LOGIT_UNIT * GAINS), 1.0])
    assert outcome.gate.on is False
    assert outcome.gate.by == "test"
    assert outcome.report["gates"][0]["component"] == "generator"
    assert set(outcome.report["metrics"]) == {"R@1", "R@5", "R@10", "MRR"}
    alone = mixture_outcome({"validation": lists}, gains=GAINS, sources=frozenset())
    assert (alone.gate.on, alone.gate.by) == (False, "validation")
    assert alone.gate.reason.endswith("its weight was chosen by the same captions")
