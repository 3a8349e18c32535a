"""Probabilities over candidates and over none of them."""

from __future__ import annotations

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from mediaindex_models.distribution import Calibration, distribution, fit_calibration
from mediaindex_models.generator import Generator
from mediaindex_models.presets import preset
from tests.support.list_features import WIDTH, random_lists

finite = st.floats(-50, 50, width=32)


@settings(deadline=None)
@given(
    order=st.lists(finite, min_size=1, max_size=8),
    temperature=st.floats(0.01, 100),
    bias=finite,
    slope=finite,
)
def test_it_sums_to_one_and_its_entropy_is_bounded(
    order: list[float], temperature: float, bias: float, slope: float
) -> None:
    rows = torch.tensor([order])
    found = distribution(rows, rows / 50, Calibration(temperature, bias, slope))
    assert float(found.probabilities.sum() + found.none) == pytest.approx(1.0, abs=1e-4)
    assert -1e-4 <= float(found.entropy) <= math.log(len(order) + 1) + 1e-4
    # The likeliest is the first of the order, or as good as that where numbers are nearly equal.
    assert float(found.probabilities[0, rows.argmax()]) == pytest.approx(
        float(found.probabilities.max()), rel=1e-4
    )


def test_the_temperature_of_a_known_distribution_is_found() -> None:
    """Answers drawn from a distribution of three known numbers give these numbers back."""
    random = torch.Generator().manual_seed(0)
    order = 5.0 * torch.randn(40_000, 6, generator=random)
    score = 0.1 * torch.randn(40_000, 6, generator=random) + 0.3
    true = Calibration(temperature=2.0, none_bias=1.0, none_slope=-4.0)
    known = distribution(order, score, true)
    shares = torch.cat([known.probabilities, known.none[:, None]], dim=1)
    answer = torch.multinomial(shares, 1, generator=random)[:, 0]
    found = fit_calibration(order, score, answer)
    assert found.temperature == pytest.approx(2.0, rel=0.05)
    assert found.none_bias == pytest.approx(1.0, abs=0.15)
    assert found.none_slope == pytest.approx(-4.0, rel=0.1)


def test_where_the_best_score_tells_none_grows_with_a_poor_one() -> None:
    score = torch.tensor([[0.9, 0.1], [0.8, 0.2], [0.2, 0.1], [0.1, 0.0]] * 20)
    answer = torch.tensor([0, 0, 2, 2] * 20)
    answer[:4] = torch.tensor([1, 2, 0, 1])  # not separable, so that the fit is finite
    calibration = fit_calibration(score, score, answer)
    none = distribution(score, score, calibration).none
    assert float(none[2]) > float(none[0])


def test_one_kind_of_query_cannot_be_calibrated() -> None:
    order = torch.randn(4, 3)
    for answer in (torch.tensor([0, 1, 2, 0]), torch.tensor([3, 3, 3, 3])):
        with pytest.raises(ValueError, match="with an answer and queries without"):
            fit_calibration(order, order, answer)


@pytest.mark.parametrize(
    "values",
    [(0.0, 0.0, 0.0), (1e-38, 0.0, 0.0), (1.0, math.nan, 0.0), (1.0, 0.0, math.inf), (1.0, 1e300, 0.0)],
)
def test_an_impossible_calibration_is_refused(values: tuple[float, float, float]) -> None:
    with pytest.raises(ValueError, match="three numbers in"):
        Calibration(*values)


def test_a_generators_answer_has_a_distribution() -> None:
    lists = random_lists("t2v", evidence=0)
    ranked = Generator(preset("residual", width=WIDTH)).ranker("t2v")(lists)
    found = ranked.distribution(lists, Calibration(1.0, 0.0, 0.0))
    torch.testing.assert_close(found.probabilities.sum(1) + found.none, torch.ones(3))
    assert torch.equal(found.probabilities.argmax(1), ranked.score.argmax(1))
