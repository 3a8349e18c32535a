"""What `train --encoder` fits to a space, by the clips that there are."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from mediaindex.embed.families.builtin_files import FILES, builtin_spec
from mediaindex.learn.features.feature_set import joined
from mediaindex.learn.fitting import calibrating
from mediaindex.learn.fitting.space import fit_space
from mediaindex.learn.training.data import TrainingData, shared_out
from mediaindex.media import QueryFeatures
from mediaindex.search.confidence.calibration import CALIBRATION, PICTURE_NAMES, REFIT, from_json
from mediaindex.search.ranking.gate import gate_in
from mediaindex.store.mapped.bank import Bank
from tests.support.described import WIDTH, bank, features
from tests.support.fake_encoder import FakeEncoder

pytest.importorskip("sklearn")


class Encoder(FakeEncoder):
    """Its sentences at large are those of the drawn space."""

    def __init__(self) -> None:
        super().__init__(name="drawn", digest="0e" * 32)
        self.spec = replace(self.spec, dim=WIDTH)

    def texts(self, texts: object, *, tokens: bool = False) -> QueryFeatures:
        vectors: NDArray[np.float32] = bank(500)
        return QueryFeatures(vectors)


def data(train: int, val: int, test: int, *, hubs: float = 0.0, noise: float = 0.6) -> TrainingData:
    sizes = {"train": train, "val": val, "test": test}
    parts = [
        features(count, split, seed=place, hubs=hubs, noise=noise)
        for place, (split, count) in enumerate(sizes.items())
        if count
    ]
    return shared_out(joined(parts), encoder="drawn", digest="0e" * 32)


def test_hubs_and_confidence_are_fitted_to_what_was_held_out() -> None:
    found = fit_space(Encoder(), data(40, 40, 260, hubs=5.0), galleries=6)
    assert found.report["hubs"]["on"] is True
    assert found.report["hubs"]["by"] == "test"
    gate = gate_in(found.parts["hubs"], "hubs")
    assert gate is not None
    assert gate.on
    confidence = found.report["confidence"]
    assert (confidence["fitted"], confidence["clips"]) == (True, 300), "what was to be trained on is left out"
    assert confidence["reliability"]["questions"] == 2 * 6 * 40
    assert confidence["reliability"]["skill"] > 0
    assert sum(row["count"] for row in confidence["reliability"]["curve"]) == 480
    assert from_json(found.parts[CALIBRATION]["row"]).names == PICTURE_NAMES
    assert found.parts[REFIT] is None, "one that was fitted again began with an earlier one"
    json.dumps(found.report, allow_nan=False)


def test_what_was_to_be_trained_on_counts_where_others_are_few() -> None:
    found = fit_space(Encoder(), data(200, 20, 20), galleries=2)
    assert found.report["confidence"]["clips"] == 240
    assert found.report["confidence"]["fitted"]


def test_too_few_clips_leave_what_there_was() -> None:
    found = fit_space(Encoder(), data(60, 20, 0), galleries=2)
    assert dict(found.parts) == {}
    assert found.report["hubs"]["on"] is False
    assert found.report["hubs"]["by"] == "validation"
    assert found.report["confidence"] == {
        "fitted": False,
        "reason": "confidence needs about 200 captioned clips, there are 80",
        "clips": 80,
        "reliability": None,
    }


def test_captions_that_say_nothing_find_nothing_and_are_told_so() -> None:
    found = fit_space(Encoder(), data(40, 40, 260, noise=100.0), galleries=1)
    confidence = found.report["confidence"]
    if not confidence["fitted"]:
        assert confidence["reason"].startswith("confidence was not fitted: too few moments are right")
    else:
        assert confidence["reliability"]["confident"] == 0.0


def test_without_scikit_learn_the_rest_is_made(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mediaindex.learn.fitting.space.missing_library", lambda: calibrating.MISSING)
    found = fit_space(Encoder(), data(40, 40, 260, hubs=5.0), galleries=2)
    assert set(found.parts) == {"hubs"}
    assert found.report["confidence"]["reason"] == f"confidence was not fitted: {calibrating.MISSING}"


def test_the_evaluation_in_the_box_stands_for_the_encoders_in_it(monkeypatch: pytest.MonkeyPatch) -> None:
    encoder = Encoder()
    encoder.spec = replace(encoder.spec, digest=builtin_spec(FILES).digest)
    monkeypatch.setattr("mediaindex.learn.fitting.space.bank_of_encoder", lambda _encoder: Bank.of(bank(500)))
    found = fit_space(encoder, data(40, 40, 260), galleries=2)
    assert "hubs" not in found.parts
    said = (found.report["hubs"]["on"], found.report["hubs"]["by"])
    assert said == (True, "the shipped evaluation on val2 and left-out sources")
    assert found.report["hubs"]["gains"], "what was measured is told all the same"
