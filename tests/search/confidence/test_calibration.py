"""A calibration: from numbers to a probability, as it was fitted, without numpy."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mediaindex.embed.families.builtin_files import FILES, builtin_spec
from mediaindex.search.confidence import picture_numbers, word_numbers
from mediaindex.search.confidence.calibration import (
    CALIBRATION,
    FILE,
    PICTURE_NAMES,
    REFIT,
    Calibration,
    calibration_of,
    confidence_gate,
    found_calibration,
    from_json,
)
from mediaindex.store.vectors.fitted import WORDS, fitted_file, write_fitted
from mediaindex.store.vectors.spaces import Space

PLAIN = Calibration(("a", "b"), (1.0, 0.0), (2.0, 1.0), (1.5, -1.0), 0.25, ())
STEPS = ((0.2, 0.1), (0.5, 0.4), (0.5, 0.6), (0.8, 0.9))


def test_a_logistic_regression_of_standardised_numbers() -> None:
    logit = 0.25 + 1.5 * (3.0 - 1.0) / 2.0 - 1.0 * 2.0
    assert PLAIN.probability([3.0, 2.0]) == pytest.approx(1 / (1 + math.exp(-logit)))
    with pytest.raises(ValueError, match="zip"):
        PLAIN.probability([3.0])


@given(st.lists(st.floats(-1e9, 1e9), min_size=2, max_size=2), st.sampled_from([(), STEPS]))
def test_any_numbers_give_a_probability(numbers: list[float], steps: tuple[tuple[float, float], ...]) -> None:
    stepped = replace(PLAIN, steps=steps)
    assert 0.0 <= stepped.probability(numbers) <= 1.0


@given(st.floats(0.0, 10.0), st.floats(0.0, 10.0))
def test_steps_keep_the_order(one: float, other: float) -> None:
    stepped = Calibration(("a",), (0.0,), (1.0,), (1.0,), -2.0, STEPS)
    low, high = sorted((one, other))
    assert stepped.probability([low]) <= stepped.probability([high])


def test_between_two_steps_lies_a_straight_line() -> None:
    stepped = Calibration(("a",), (0.0,), (1.0,), (1.0,), 0.0, ((0.5, 0.2), (1.0, 0.6)))
    assert stepped.probability([0.0]) == pytest.approx(0.2)
    assert stepped.probability([math.log(3.0)]) == pytest.approx(0.4)  # the logistic says 0.75
    assert stepped.probability([-5.0]) == pytest.approx(0.2)


def test_a_row_of_the_file_is_read_as_it_was_written() -> None:
    stepped = replace(PLAIN, steps=STEPS)
    assert from_json(json.loads(json.dumps(stepped.as_json()))) == stepped


def test_the_box_has_words_and_the_encoder_of_new_libraries() -> None:
    pictures, words = calibration_of(builtin_spec(FILES).digest), calibration_of(WORDS)
    assert pictures is not None
    assert words is not None
    assert (pictures.names, words.names) == (picture_numbers.NAMES, word_numbers.NAMES)
    assert calibration_of("another encoder") is None
    assert FILE.stat().st_size < 20_000


DIGEST = "0c" * 32
OWN = Calibration(PICTURE_NAMES, (0.0,) * 6, (1.0,) * 6, (1.0, 0.0, 0.0, 0.0, 0.0, 0.0), 0.0, ())


def keep(library: Path, **parts: Any) -> None:
    write_fitted(library, encoder="tiny", digest=DIGEST, parts=parts)


def part(calibration: Calibration) -> dict[str, Any]:
    return {"row": calibration.as_json()}


def test_what_the_library_fitted_comes_first(tmp_path: Path) -> None:
    assert found_calibration(DIGEST, tmp_path).calibration is None
    keep(tmp_path, **{CALIBRATION: part(OWN)})
    assert calibration_of(DIGEST, tmp_path) == OWN
    assert calibration_of(DIGEST) is None
    again = replace(OWN, bias=1.0)
    keep(tmp_path, **{REFIT: part(again)})
    found = found_calibration(DIGEST, tmp_path)
    assert (found.calibration, found.by) == (again, REFIT)
    assert found_calibration(DIGEST, tmp_path, parts=(CALIBRATION,)).calibration == OWN


@pytest.mark.parametrize(
    "row",
    [
        {},
        None,
        [],
        PLAIN.as_json(),
        OWN.as_json() | {"weights": [1.0]},
        OWN.as_json() | {"means": [math.nan] * 6},
        OWN.as_json() | {"weights": [math.inf] * 6},
        OWN.as_json() | {"scales": [0.0] * 6},
        OWN.as_json() | {"steps": [[0.0, 0.0]] * 1001},
        OWN.as_json() | {"steps": [[0.5, 0.1], [0.2, 0.3]]},
        OWN.as_json() | {"steps": [[0.2, 0.9], [0.5, 0.1]]},
        OWN.as_json() | {"steps": [[0.2, -1.0]]},
        OWN.as_json() | {"bias": "much"},
    ],
)
def test_a_damaged_calibration_of_the_library_is_passed_over(tmp_path: Path, row: Any) -> None:
    keep(tmp_path, **{CALIBRATION: part(OWN)})
    path = fitted_file(tmp_path, DIGEST)
    content = json.loads(path.read_text(encoding="utf-8")) | {CALIBRATION: {"row": row}}
    path.write_text(json.dumps(content), encoding="utf-8")
    assert calibration_of(DIGEST, tmp_path) is None
    gate = confidence_gate(SPACE, tmp_path)
    assert (gate.on, gate.by) == (False, "no calibration")
    assert (
        "is not read, it is damaged; 'mediaindex train --encoder tiny --features FILE' fits it" in gate.reason
    )


SPACE = Space(1, "tiny", DIGEST, "none", 4, None, 0.5, "serving")


def test_the_gate_says_where_confidence_comes_from(tmp_path: Path) -> None:
    before = confidence_gate(SPACE, tmp_path)
    assert (before.component, before.on) == ("confidence", False)
    assert before.reason == (
        "it was not fitted to the encoder tiny; 'mediaindex train --encoder tiny --features FILE' fits it"
    )
    keep(tmp_path, **{CALIBRATION: part(OWN)})
    assert (confidence_gate(SPACE, tmp_path).on, confidence_gate(SPACE, tmp_path).by) == (True, CALIBRATION)
    keep(tmp_path, **{REFIT: {"row": 7}})
    gate = confidence_gate(SPACE, tmp_path)
    assert (gate.on, gate.by) == (True, CALIBRATION)
    assert "the refit in fitted/" in gate.reason
    assert confidence_gate(None, tmp_path).by == "no pictures"
    shipped = replace(SPACE, digest=builtin_spec(FILES).digest)
    assert (confidence_gate(shipped, tmp_path).on, confidence_gate(shipped, tmp_path).by) == (True, "shipped")


def test_a_damaged_file_of_words_is_named_and_the_shipped_one_counts(tmp_path: Path) -> None:
    keep(tmp_path, **{CALIBRATION: part(OWN)})
    write_fitted(tmp_path, encoder=None, digest=WORDS, parts={REFIT: part(OWN)})
    assert calibration_of(WORDS, tmp_path) == calibration_of(WORDS)
    assert confidence_gate(SPACE, tmp_path).reason.endswith(
        "; the refit in fitted/words.json is not read, it is damaged: "
        "hits by words have the shipped confidence"
    )
