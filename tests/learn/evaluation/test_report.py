"""Figures with intervals, and the gate that follows from them."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from mediaindex.learn.evaluation.metrics import Interval
from mediaindex.learn.evaluation.report import (
    Difference,
    DirectionRanks,
    as_numbers,
    differences_of,
    gate_of,
    rows_of,
)
from mediaindex.learn.evaluation.retrieval_trial import Trial, trials_of
from mediaindex.learn.training.data import TrainingData, pairs_of


def difference(source: str | None, mrr: float, recall: float, *, left_out: bool = False) -> Difference:
    metrics = {"MRR": Interval(mrr + 1, mrr, mrr + 2), "R@1": Interval(recall, recall - 1, recall + 1)}
    return Difference("t2v", "generator", "corrected", source, left_out, 100, metrics)


@pytest.mark.parametrize(
    ("rows", "on", "reason"),
    [
        ([difference(None, -0.1, 1.0)], False, "no certain gain"),
        ([difference(None, 0.1, 1.0)], False, "no source was left out"),
        ([difference(None, 0.1, 1.0), difference("b", 0.0, -0.6, left_out=True)], False, "-0.60 R@1 on b"),
        ([difference(None, 0.1, 1.0), difference("b", 0.0, -0.4, left_out=True)], True, "no source that"),
        ([difference(None, 0.1, 1.0), difference("b", 0.0, -0.6)], False, "no source was left out"),
    ],
)
def test_the_gate_follows_the_figures(rows: list[Difference], on: bool, reason: str) -> None:
    gate = gate_of(rows, by="test")
    assert (gate.component, gate.on, gate.by) == ("generator", on, "test")
    assert reason in gate.reason
    assert "against corrected" in gate.reason


@pytest.fixture(scope="module")
def trial(data: TrainingData) -> Trial:
    by_text = trials_of(data.validation, pairs_of(data.validation), pairs_of(data.train))[0]
    return replace(by_text, sources=np.array(["seen", "new"] * 40))


@pytest.fixture
def direction(trial: Trial) -> DirectionRanks:
    cheap = np.tile([0.0, 4.0], 40)
    ranks = {"base": cheap + 5, "blend": cheap, "corrected": cheap + 1, "generator": np.tile([0.0, 0.0], 40)}
    return DirectionRanks(trial, ranks, 39, 100.0)


def test_a_row_has_the_figures_of_one_ranking(direction: DirectionRanks) -> None:
    rows = {row.ranking: row for row in rows_of(direction)}
    assert list(rows) == ["base", "blend", "corrected", "generator"]
    blend = rows["blend"]
    assert (blend.direction, blend.queries, blend.gallery) == ("t2v", 80, 40)
    values = {name: bounds.value for name, bounds in blend.metrics.items()}
    assert values == pytest.approx({"R@1": 50.0, "R@5": 100.0, "R@10": 100.0, "MRR": 60.0})
    assert rows["generator"].metrics["R@1"] == Interval(100.0, 100.0, 100.0)


def test_a_ranking_is_compared_with_the_best_cheap_one(direction: DirectionRanks) -> None:
    assert direction.best_cheap == "blend"
    whole, *by_source = differences_of(direction, "generator", frozenset({"seen"}))
    assert (whole.against, whole.source, whole.queries, whole.left_out) == ("blend", None, 80, False)
    assert whole.metrics["R@1"].value == pytest.approx(50.0)
    assert [(row.source, row.left_out, row.queries) for row in by_source] == [
        ("new", True, 40), ("seen", False, 40),
    ]  # fmt: skip
    assert [row.metrics["R@1"].value for row in by_source] == pytest.approx([100.0, 0.0])


def test_one_source_has_no_row_of_its_own(direction: DirectionRanks) -> None:
    trial = replace(direction.trial, sources=np.array(["only"] * 80))
    assert len(differences_of(replace(direction, trial=trial), "generator", frozenset())) == 1


def test_numbers_are_rounded_for_json() -> None:
    row = difference("b", 0.123456, 1.0, left_out=True)
    numbers = as_numbers(row)
    assert numbers["metrics"] == {
        "MRR": {"value": 1.12, "low": 0.12, "high": 2.12},
        "R@1": {"value": 1.0, "low": 0.0, "high": 2.0},
    }
    assert (numbers["source"], numbers["left_out"]) == ("b", True)
    assert json.loads(json.dumps(numbers)) == numbers
