"""The confidence sequence: coverage at every look, what decides, and what is still missing."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mediaindex.learn.evaluation.confidence_sequence import (
    FORESEEN,
    confidence_sequence,
    missing_to_decide,
)

differences = st.lists(st.floats(-1.0, 1.0), min_size=1, max_size=30)


def drawn(gain: float, number: int, seed: int) -> np.ndarray:
    """Differences of reciprocal ranks as a reranking gives them: seven of ten are zero."""
    random = np.random.default_rng(seed)
    steps = random.choice([-1.0, -0.5, 0.5, 1.0], size=number)
    found = np.where(random.random(number) < 0.3, 0.5 * steps, 0.0)
    return np.where(random.random(number) < gain, 1.0, found)


def test_nothing_is_known_before_the_first_caption() -> None:
    found = confidence_sequence([])
    assert (found.value, found.low, found.high) == (0.0, -1.0, 1.0)
    assert missing_to_decide([]) is None


def test_a_large_gain_is_decided_and_so_is_its_mirror_image() -> None:
    gains = drawn(0.3, 120, seed=1)
    gain, loss = confidence_sequence(gains), confidence_sequence(-gains)
    assert gain.low > 0.0
    assert (loss.low, loss.high) == pytest.approx((-gain.high, -gain.low), abs=0.0011)
    assert missing_to_decide(gains) == missing_to_decide(-gains) == 0


def test_what_was_decided_is_withdrawn_when_later_captions_say_otherwise() -> None:
    gains = drawn(0.3, 120, seed=1)
    assert confidence_sequence(gains).low > 0.0
    back = confidence_sequence([*gains, *-gains, *-gains])
    assert back.low < 0.0 < back.high


def test_the_missing_captions_are_those_after_which_it_decides() -> None:
    few = drawn(0.3, 20, seed=4)
    missing = missing_to_decide(few)
    assert missing is not None
    assert 0 < missing < 200
    foreseen = np.resize(few, len(few) + missing)
    assert confidence_sequence(foreseen).low > 0.0 >= confidence_sequence(foreseen[:-1]).low


def test_what_cannot_be_foreseen_is_not_guessed() -> None:
    assert missing_to_decide([0.0] * 40) is None
    assert missing_to_decide([0.5, -0.5] * 20) is None
    assert missing_to_decide([0.0] * FORESEEN) is None


@pytest.mark.parametrize("wrong", [1.5, -1.0001, float("nan"), float("inf")])
def test_a_difference_that_is_none_of_reciprocal_ranks_is_refused(wrong: float) -> None:
    with pytest.raises(ValueError, match="observations must"):
        confidence_sequence([0.0, wrong])


@given(differences)
@settings(max_examples=40)
def test_the_interval_lies_in_the_bounds(values: list[float]) -> None:
    found = confidence_sequence(values)
    assert -1.0 <= found.low <= found.high <= 1.0
    assert found.value == pytest.approx(float(np.mean(values)))


def test_zero_is_seldom_excluded_at_any_look_where_nothing_gains() -> None:
    """100 libraries without a gain, each looked at six times: at least 95 of them are never wrong."""
    wrong = 0
    for seed in range(100):
        values = drawn(0.0, 120, seed=seed)
        looks = [confidence_sequence(values[:seen]) for seen in range(20, 121, 20)]
        wrong += any(look.low > 0.0 or look.high < 0.0 for look in looks)
    assert wrong <= 5
