"""scripts/calibrate.py: what it fits holds on held-out samples, and ships as it was fitted."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

pytest.importorskip("sklearn")

import calibrate

QUESTIONS, MOMENTS = 500, 3


def samples(seed: int) -> calibrate.Samples:
    """Answers of which the first number tells how probable each moment is; the second tells nothing."""
    chance = np.random.default_rng(seed)
    rows: list[Any] = []
    for question in range(QUESTIONS):
        answered = question % 2 == 0
        for place in range(MOMENTS):
            sign = chance.normal() - place
            right = answered and chance.random() < 1 / (1 + np.exp(-3 * sign))
            rows.append(([sign, chance.normal()], bool(right), question, place == 0, answered))
    return calibrate.Samples.of(rows)


def test_what_is_fitted_holds_on_what_was_held_out() -> None:
    calibration, report = calibrate.calibrated([samples(1), samples(2)], ("sign", "noise"))
    assert report["ece"] <= 0.08
    assert report["skill"] > 0.1
    assert report["questions"] == 2 * QUESTIONS
    assert report["right_if_confident"] > report["right"] + 0.1
    assert sum(point["count"] for point in report["curve"]) == 2 * QUESTIONS
    assert abs(calibration.weights[0]) > 5 * abs(calibration.weights[1])


def test_the_script_computes_what_a_search_computes() -> None:
    own = samples(3)
    plain = calibrate._logistic(own, ("sign", "noise"), 1.0)
    for calibration in (plain, calibrate._stepped(plain, own)):
        found = calibrate.probabilities(calibration, own.numbers[:50])
        one_by_one = [calibration.probability(row) for row in own.numbers[:50].tolist()]
        assert found == pytest.approx(one_by_one, abs=1e-9)


def test_another_photograph_that_shows_the_same_is_right() -> None:
    alike = np.array([[1.0, 0.0], [0.9, 0.1], [0.95, 0.05], [0.0, 1.0], [0.1, 0.9]], np.float32)
    texts = alike / np.linalg.norm(alike, axis=1, keepdims=True)
    fits = calibrate.fitting(texts, np.array([0, 0, 1, 2, 2]))
    assert fits.tolist() == [[True, True, False]] * 3 + [[False, False, True]] * 2
