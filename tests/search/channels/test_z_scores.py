"""z-scores: how far a similarity stands out among those of the whole library."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mediaindex.search.channels.z_scores import z_scores

similarity = st.integers(-100, 100).map(lambda hundredths: hundredths / 100)


@given(st.lists(similarity | st.just(-np.inf), max_size=30))
def test_scores_have_the_mean_zero_the_spread_one_and_the_old_order(values: list[float]) -> None:
    given_ = np.array(values, np.float32)
    scores = z_scores(given_)
    taking_part = given_ > -np.inf
    assert scores.dtype == np.float32
    assert (scores[~taking_part] == -np.inf).all()
    if len(set(given_[taking_part].tolist())) > 1:
        own = scores[taking_part].astype(np.float64)
        assert own.mean() == pytest.approx(0.0, abs=1e-4)
        assert own.std() == pytest.approx(1.0, abs=1e-4)
        order = np.argsort(given_[taking_part], kind="stable")
        np.testing.assert_array_equal(np.argsort(own, kind="stable"), order)


def test_where_all_are_the_same_none_stands_out() -> None:
    assert z_scores(np.full(3, 0.25, np.float32)).tolist() == [0.0] * 3
    assert z_scores(np.array([0.25, -np.inf], np.float32)).tolist() == [0.0, -np.inf]
    assert len(z_scores(np.empty(0, np.float32))) == 0


def test_another_scale_and_another_zero_make_no_difference() -> None:
    values = np.array([0.1, 0.4, 0.2, 0.9], np.float32)
    np.testing.assert_allclose(z_scores(0.2 * values - 0.3), z_scores(values), atol=1e-5)
