"""What is fitted holds on held-out samples, and is read as it was fitted; without both kinds nothing is."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from mediaindex.learn.fitting import calibrating
from mediaindex.learn.fitting.calibrating import (
    MISSING,
    calibrated,
    fitted,
    logistic,
    missing_library,
    probabilities,
    stepped,
    unfit,
)
from mediaindex.learn.fitting.samples import Samples

pytest.importorskip("sklearn")

NAMES = ("sign", "noise")
Make = Callable[[int], Samples]


def test_what_is_fitted_holds_on_what_was_held_out(samples: Make) -> None:
    calibration, report = calibrated([samples(1), samples(2)], NAMES)
    assert report["ece"] <= 0.08
    assert report["skill"] > 0.1
    assert report["questions"] == 1000
    assert report["right_if_confident"] > report["right"] + 0.1
    assert sum(point["count"] for point in report["curve"]) == 1000
    assert abs(calibration.weights[0]) > 5 * abs(calibration.weights[1])


def test_all_at_once_is_what_a_search_computes(samples: Make) -> None:
    own = samples(3)
    plain = logistic(own, NAMES, 1.0)
    for calibration in (plain, stepped(plain, own)):
        found = probabilities(calibration, own.numbers[:50])
        one_by_one = [calibration.probability(row) for row in own.numbers[:50].tolist()]
        assert found == pytest.approx(one_by_one, abs=1e-9)


def test_moments_of_one_kind_alone_are_refused(samples: Make) -> None:
    own = samples(4)
    assert unfit(own) is None
    none_right = replace(own, right=np.zeros_like(own.right))
    assert unfit(none_right) == "too few moments are right: 0, of 0 clips"
    all_right = replace(own, right=np.ones_like(own.right))
    assert unfit(all_right) == "too few moments are wrong: 0, of 0 clips"
    of_few = replace(own, right=(own.group < 9) & own.right)
    assert "too few moments are right" in str(unfit(of_few))


def test_a_fold_of_one_kind_has_its_share(samples: Make) -> None:
    """Not an error of scikit-learn: a fold may lack a kind, which the whole has."""
    own = samples(5)
    calibration = logistic(replace(own, right=np.zeros_like(own.right)), NAMES, 1.0)
    assert 0 < calibration.probability([3.0, 0.0]) == calibration.probability([-3.0, 1.0]) < 0.01
    in_one_fold = replace(own, right=own.group < 3)
    assert fitted(in_one_fold, NAMES).names == NAMES


def test_without_scikit_learn_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    assert missing_library() is None
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    assert calibrating.missing_library() == MISSING
    assert "mediaindex[train]" in MISSING
