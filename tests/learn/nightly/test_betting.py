"""Evidence is an e-value: on average at most 1 where nothing fell, large where something did."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mediaindex.learn.nightly.betting import SHARES, evidence_of_fall, interval_of

differences = st.lists(st.sampled_from([-1.0, -0.5, 0.0, 0.25, 1.0]), max_size=40)


def test_no_difference_says_nothing() -> None:
    assert evidence_of_fall([]) == pytest.approx(1.0)
    assert evidence_of_fall(np.zeros(1000)) == pytest.approx(1.0)
    interval = interval_of(np.zeros(1000), 0.01)
    assert interval.value == 0.0
    assert interval.low < 0.0 < interval.high


@given(differences)
def test_evidence_is_the_mean_of_plain_products(values: list[float]) -> None:
    plain = np.mean([np.prod([1 - share * value for value in values]) for share in SHARES])
    assert evidence_of_fall(values) == pytest.approx(plain, rel=1e-9)


def test_where_the_mean_is_zero_evidence_is_one_on_average() -> None:
    """Exactly: over all 2 ** 10 ways in which ten differences of either sign can fall."""
    ways = ((np.arange(1024)[:, None] >> np.arange(10)) & 1) * 2.0 - 1.0
    assert np.mean([evidence_of_fall(way) for way in ways]) == pytest.approx(1.0, rel=1e-9)


@given(differences, st.sampled_from([0.2, 0.01, 1e-4]))
def test_the_interval_lies_below_zero_where_the_evidence_says_so(values: list[float], level: float) -> None:
    interval = interval_of(values, level)
    assert -1.0 <= interval.low <= interval.value <= interval.high <= 1.0
    says_so = evidence_of_fall(values) * level
    if abs(says_so - 1.0) > 1e-3:  # at the very border both may say either
        assert (interval.high < 0.0) == (says_so > 1.0)


def test_ten_losses_among_a_hundred_are_seen_and_three_are_not() -> None:
    assert evidence_of_fall([-1.0] * 10 + [0.0] * 90) > 200
    assert evidence_of_fall([-1.0] * 3 + [0.0] * 27) < 10
    assert evidence_of_fall([-1.0] * 10 + [1.0] * 10 + [0.0] * 80) < 1
    assert np.isfinite(evidence_of_fall([-1.0] * 5000))


def test_the_interval_holds_the_mean_as_often_as_it_says() -> None:
    random = np.random.default_rng(0)
    outside = 0
    for _ in range(400):
        values = random.choice([-1.0, 0.0, 1.0], p=[0.15, 0.8, 0.05], size=80)
        interval = interval_of(values, 0.05)
        outside += not interval.low <= -0.1 <= interval.high
    assert outside <= 40  # 10 % for both sides together


@pytest.mark.parametrize("values", [[1.5], [np.nan], [[0.0]]])
def test_what_is_no_difference_is_refused(values: list[float]) -> None:
    with pytest.raises(ValueError, match="from -1 to 1"):
        evidence_of_fall(values)
