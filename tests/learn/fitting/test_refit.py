"""Confidence that is fitted again to the user's captions: kept where it holds better, and only there."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from mediaindex.learn.fitting import refit as module
from mediaindex.learn.fitting.calibrating import fitted, logistic, probabilities, stepped
from mediaindex.learn.fitting.refit import (
    NEEDED,
    recalibrated,
    refit_calibration,
    refit_confidence,
    refit_words,
)
from mediaindex.learn.fitting.samples import Samples
from mediaindex.search.confidence import calibration
from mediaindex.search.confidence.calibration import (
    CALIBRATION,
    REFIT,
    WORD_NAMES,
    Calibration,
    calibration_of,
    found_calibration,
)
from mediaindex.store.library import Library
from mediaindex.store.notes import captions
from mediaindex.store.vectors.fitted import WORDS, read_fitted, write_fitted
from tests.support.judged_library import DIGEST, NumberedEncoder, filled

pytest.importorskip("sklearn")

Ship = Callable[[float], Calibration]
Make = Callable[[int], Samples]
NAMES = ("sign", "noise")


def test_fewer_than_enough_are_counted_and_nothing_is_written(opened: Library) -> None:
    space = filled(opened, count=30)
    found = refit_calibration(opened, space, NumberedEncoder())
    assert (found.judged, found.needed, found.refitted, found.report) == (30, NEEDED, False, None)
    assert found.reason == "confidence is fitted again from 200 captions and marks on; there are 30"
    assert not read_fitted(opened.root, DIGEST).parts


def test_a_library_without_any_calibration_gets_one(opened: Library) -> None:
    space = filled(opened, count=100, texts=("clip", "scene"))
    found = refit_calibration(opened, space, NumberedEncoder())
    assert found.refitted, found.reason
    assert (found.judged, found.reason) == (200, "confidence was fitted to your captions and marks")
    assert found.report is not None
    assert found.report["before"] is None
    assert found.report["after"]["questions"] == 400
    assert found.report["after"]["skill"] > 0.2
    assert found_calibration(DIGEST, opened.root).by == REFIT


def test_a_wrong_calibration_is_mended_and_a_good_one_stays(opened: Library) -> None:
    space = filled(opened, count=100, texts=("clip", "scene"))
    refit_calibration(opened, space, NumberedEncoder())
    good = calibration_of(DIGEST, opened.root)
    assert good is not None
    keep(opened, replace(good, bias=good.bias + 4.0))
    mended = refit_calibration(opened, space, NumberedEncoder())
    assert mended.refitted, mended.reason
    assert mended.report is not None
    assert mended.report["after"]["brier"] < mended.report["before"]["brier"]
    assert mended.report["after"]["ece"] < mended.report["before"]["ece"]
    assert mended.reason.startswith(
        "confidence was fitted again: the Brier score of held-out videos falls by"
    )
    keep(opened, good)
    kept = refit_calibration(opened, space, NumberedEncoder())
    assert not kept.refitted
    assert kept.reason.startswith("confidence stays as it is, no certain gain on your captions")
    assert calibration_of(DIGEST, opened.root) == good


def keep(library: Library, fitted_before: Calibration) -> None:
    """As `train` would, in the place of what there was."""
    parts = {CALIBRATION: {"row": fitted_before.as_json()}, REFIT: None}
    write_fitted(library.root, encoder="numbered", digest=DIGEST, parts=parts)


def test_answers_of_one_kind_are_refused(opened: Library) -> None:
    space = filled(opened, count=100, texts=("clip", "scene"))
    found = refit_calibration(opened, space, NumberedEncoder(noise=1e6))
    assert not found.refitted
    assert "too few moments are right" in found.reason


def test_without_scikit_learn_it_is_said(opened: Library, monkeypatch: pytest.MonkeyPatch) -> None:
    space = filled(opened, count=100, texts=("clip", "scene"))
    monkeypatch.setattr(module, "missing_library", lambda: "no scikit-learn")
    assert refit_calibration(opened, space, NumberedEncoder()).reason.endswith(": no scikit-learn")


@pytest.fixture
def shipped_words(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Ship]:
    """Ships a calibration of words by how much of a query stands there and how far it leads, with a bias."""

    def ship(bias: float) -> Calibration:
        made = Calibration(WORD_NAMES, (0.0,) * 4, (1.0,) * 4, (2.0, 0.0, 0.0, 8.0), bias, ())
        path.write_text(json.dumps({WORDS: made.as_json()}), encoding="utf-8")
        calibration._rows.cache_clear()
        return made

    path = tmp_path / "calibrations.json"
    monkeypatch.setattr(calibration, "FILE", path)
    yield ship
    calibration._rows.cache_clear()


def test_words_need_captions_that_words_answer(opened: Library) -> None:
    space = filled(opened, count=30)
    with opened.write() as connection:
        captions.add(connection, 1, 0.0, 1.0, "nothing else tells of it 5")
    found = refit_words(opened, space)
    assert (found.judged, found.needed, found.refitted, found.report) == (30, NEEDED, False, None)
    assert found.reason == (
        "confidence of hits by words is fitted again from 200 captions and marks on that words answer; "
        "there are 30"
    )
    row = refit_confidence(opened, space, NumberedEncoder())
    assert (row["judged"], row["words"]) == (31, found.row)


def test_a_wrong_confidence_of_words_is_mended_and_a_good_one_stays(
    opened: Library, shipped_words: Ship
) -> None:
    space = filled(opened, count=100)
    with opened.write() as connection:
        for number in range(100):  # half of the other captions tell of another video
            video_id = number + 1 if number % 2 else (number + 50) % 100 + 1
            captions.add(connection, video_id, 0.0, 6.0, f"scene {number}")
    wrong = shipped_words(4.0)
    mended = refit_words(opened, space)
    assert mended.refitted, mended.reason
    assert mended.judged == 200
    assert mended.report is not None
    assert mended.report["after"]["brier"] < mended.report["before"]["brier"]
    assert mended.report["after"]["ece"] < 0.1 < mended.report["before"]["ece"]
    assert mended.reason.startswith("confidence of hits by words was fitted again: the Brier score")
    found = found_calibration(WORDS, opened.root)
    assert found.by == REFIT
    assert found.calibration not in (None, wrong)
    assert not read_fitted(opened.root, DIGEST).parts, "no encoder was fitted"
    assert found.calibration is not None
    calibration._rows()[WORDS] = found.calibration.as_json()
    kept = refit_words(opened, space)
    assert not kept.refitted
    assert "stays as it is, no certain gain on your captions" in kept.reason


def test_two_numbers_mend_what_is_off_by_two_numbers(samples: Make) -> None:
    own, other = samples(1), samples(2)
    right = fitted(own, NAMES)
    for base in (logistic(own, NAMES, 1.0), stepped(logistic(own, NAMES, 1.0), own)):
        off = replace(base, steps=tuple((s, p**3) for s, p in base.steps)) if base.steps else shifted(base)
        mended = recalibrated(off, own)

        def brier(calibration: Calibration) -> float:
            return float(np.mean((probabilities(calibration, other.numbers) - other.right) ** 2))

        assert brier(mended) < brier(off)
        assert brier(mended) < brier(right) + 0.01
        assert [step[0] for step in mended.steps] == [step[0] for step in off.steps]


def shifted(base: Calibration) -> Calibration:
    return replace(base, weights=tuple(3 * weight for weight in base.weights), bias=base.bias + 2.0)


def test_an_order_is_never_turned_round(samples: Make) -> None:
    own = samples(3)
    base = logistic(own, NAMES, 1.0)
    turned = replace(base, weights=tuple(-weight for weight in base.weights))
    assert recalibrated(turned, own) == turned
    none_right = replace(own, right=np.zeros_like(own.right))
    assert recalibrated(base, none_right) == base
