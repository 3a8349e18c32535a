"""A calibration: from numbers to a probability, as it was fitted, without numpy."""

from __future__ import annotations

import json
import math
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mediaindex.embed.families.builtin_files import FILES, builtin_spec
from mediaindex.search.confidence import picture_numbers, word_numbers
from mediaindex.search.confidence.calibration import FILE, WORDS, Calibration, calibration_of, from_json

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
