"""The figures of a personal ranking, and what proves it: its gate in both directions."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from mediaindex.learn.personal.outcome import (
    BY,
    INSTANT,
    PERSONAL,
    Ranked,
    differences_of,
    gate_of,
    gate_row,
    rows_of,
)

INF = float("inf")


def ranked(personal: NDArray[np.float64], serving: str = INSTANT, **others: NDArray[np.float64]) -> Ranked:
    """Two captions a video."""
    videos = np.repeat(np.arange(len(personal) // 2), 2)
    return Ranked(videos, {**others, PERSONAL: personal}, serving)


def test_figures_are_shares_of_captions_and_a_caption_that_is_not_listed_counts_as_not_found() -> None:
    row, own = rows_of(ranked(np.array([0.0, 1.0, 0.0, INF]), instant=np.array([0.0, 9.0, 10.0, INF])))
    assert (row["ranking"], row["queries"], own["ranking"]) == ("instant", 4, "personal")
    values = {name: figure["value"] for name, figure in row["metrics"].items()}  # type: ignore[attr-defined]
    assert values == {
        "R@1": 25.0,
        "R@10": 50.0,
        "MRR": pytest.approx(100 * (1 + 1 / 10 + 1 / 11) / 4, abs=0.01),
    }


def test_a_difference_is_taken_caption_by_caption_and_drawn_by_video() -> None:
    personal, instant = np.array([0.0, 0.0, 4.0, 4.0]), np.array([1.0, 1.0, 4.0, 4.0])
    (row,) = differences_of(ranked(personal, instant=instant))
    assert (row["ranking"], row["against"], row["queries"]) == ("personal", "instant", 4)
    assert row["metrics"]["MRR"] == {"value": 25.0, "low": 0.0, "high": 50.0}  # type: ignore[index]


def test_what_is_better_on_every_video_is_proven_and_says_so() -> None:
    gate = gate_of(ranked(np.zeros(60), instant=np.full(60, 9.0)))
    assert (gate.component, gate.on, gate.by) == ("generator", True, BY)
    assert gate.reason.startswith("proven on your 60 captions: MRR +90.00 [+")
    assert gate.reason.endswith("against the instant order")
    assert gate_row(gate)["on"] is True


def test_what_is_worse_is_not() -> None:
    gate = gate_of(ranked(np.full(60, 9.0), instant=np.zeros(60)))
    assert not gate.on
    assert gate.reason.startswith("no gain on your captions: MRR -90.00 [")


def test_a_gain_that_chance_may_have_made_is_not_and_says_how_much_is_missing() -> None:
    random = np.random.default_rng(0)
    personal, instant = random.integers(0, 4, 60).astype(float), random.integers(0, 5, 60).astype(float)
    gate = gate_of(ranked(personal, instant=instant))
    assert not gate.on
    assert "no gain on your captions" in gate.reason
    assert "more videos with captions would decide" in gate.reason


def test_the_captions_of_one_video_count_once() -> None:
    """Sixty captions of one video prove no more than one."""
    one = Ranked(np.zeros(60, np.int64), {INSTANT: np.full(60, 9.0), PERSONAL: np.zeros(60)}, INSTANT)
    assert not gate_of(one).on


def test_it_is_measured_against_what_serves_and_must_be_the_best_of_all() -> None:
    personal, bad, good = np.ones(60), np.full(60, 9.0), np.zeros(60)
    against_former = gate_of(ranked(personal, "former", instant=bad, former=personal))
    assert not against_former.on
    assert "against the former ranking" in against_former.reason
    second = gate_of(ranked(personal, instant=bad, shipped=good))
    assert not second.on
    assert "but the shipped ranking finds 50.00 MRR more" in second.reason
    assert gate_of(ranked(personal, instant=bad, shipped=personal)).on


def test_the_same_order_gains_nothing() -> None:
    gate = gate_of(ranked(np.ones(40), instant=np.ones(40)))
    assert not gate.on
    assert "would decide" not in gate.reason
