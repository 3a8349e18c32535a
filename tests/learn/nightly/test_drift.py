"""The distance of two samples is that of their distributions; what drifts is told."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from mediaindex.learn.nightly.drift import distance, drift_between
from tests.support.kept_ranks import kept, scores

samples = st.lists(st.sampled_from([0.0, 0.5, 1.0, 2.0]), min_size=1, max_size=20)


@given(samples, samples)
def test_the_distance_is_the_largest_between_both_distributions(one: list[float], other: list[float]) -> None:
    found = distance(np.array(one), np.array(other))
    brute = max(abs(np.mean(np.array(one) <= x) - np.mean(np.array(other) <= x)) for x in [*one, *other])
    assert found == float(brute)


def test_scores_that_moved_are_told_and_the_same_are_not() -> None:
    table = scores(0, 60)
    same = drift_between(kept(table), kept(table))
    assert same is not None
    assert (same.statistic, same.shift, same.drifted, same.queries) == (0.0, 0.0, False, 60)
    moved = drift_between(kept(table - 3.0), kept(table))
    assert moved is not None
    assert moved.drifted
    assert round(moved.shift, 3) == -3.0


def test_without_scores_in_common_there_is_no_drift() -> None:
    one, other = kept(scores(0, 5)), kept(scores(0, 5), names=np.arange(10, 15))
    assert drift_between(one, other) is None
    one.top[:] = np.nan
    assert drift_between(one, one) is None
