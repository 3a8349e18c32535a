"""Parts, reliability, worst queries and timings, against what is counted by hand."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mediaindex.learn.report_page.answered import Moment
from mediaindex.learn.report_page.breakdown import PARTS, parts_of, reliability_of, timings_of, worst_of
from tests.support.answered import Table, answered


def test_each_folder_has_its_own_figures() -> None:
    found = parts_of(answered([0, 0, 4, 20, 0, 0]), Table("a", "b", "b", "b", "a"))
    assert [(row.kind, row.name, row.queries) for row in found] == [("folder", "b", 3), ("folder", "a", 2)]
    assert [row.videos for row in found] == [3, 2]
    first, second = (row.metrics for row in found)
    assert (round(first["R@1"].value, 2), round(first["R@5"].value, 2)) == (33.33, 66.67)
    assert (second["R@1"].value, second["mAP"].value) == (100.0, 100.0)


def test_one_folder_alone_is_no_part_and_of_many_the_largest_are_shown() -> None:
    assert parts_of(answered([0, 1]), Table("a", "a")) == ()
    assert parts_of(answered([0, 1]), Table()) == ()
    names = [f"{number:03}" for number in range(2 * PARTS)]
    found = parts_of(answered([0] * len(names)), Table(*names))
    assert [row.name for row in found] == names[:PARTS]


@given(st.lists(st.tuples(st.floats(0, 1), st.booleans()), min_size=1, max_size=60))
def test_reliability_counts_every_judged_hit_once(judged: list[tuple[float, bool]]) -> None:
    confidence = [probability for probability, _right in judged]
    first = [Moment(number if right else 1000) for number, (_p, right) in enumerate(judged)]
    found = reliability_of(answered([0] * len(judged), first=first, confidence=confidence))
    assert found is not None
    assert sum(one.count for one in found.bins) == len(judged)
    for one in found.bins:
        assert one.low - 1e-9 <= one.probability <= one.high + 1e-9
    right = sum(one.right * one.count for one in found.bins)
    assert right == pytest.approx(sum(is_right for _p, is_right in judged))
    gaps = [one.count * abs(one.right - one.probability) for one in found.bins]
    assert found.error == pytest.approx(sum(gaps) / len(judged), abs=1e-9)


def test_what_has_no_confidence_is_not_judged() -> None:
    assert reliability_of(answered([0, 1])) is None
    found = reliability_of(answered([0, 1], first=[Moment(0), Moment(0)], confidence=[None, 0.95]))
    assert found is not None
    (only,) = found.bins
    assert only.low == pytest.approx(14 / 15)
    assert only.high == 1.0
    assert (only.probability, only.right, only.count) == (0.95, 0.0, 1)


def test_the_worst_come_first_each_video_once() -> None:
    found = worst_of(answered([3, 0, 50, 7, 49], right=[0, 1, 2, 3, 2]), Table())
    assert [(one.text, one.rank) for one in found] == [("query 2", 51), ("query 3", 8), ("query 0", 4)]
    assert (found[0].right.name, found[0].right.seconds, found[0].gallery) == ("item 2", 2.5, 100)
    assert found[0].shown is not None
    assert found[0].shown.name == "item 99"
    assert worst_of(answered([0, 0]), Table()) == ()
    assert len(worst_of(answered([5] * 40), Table())) == 12


def test_a_tie_shows_no_other_moment() -> None:
    (only,) = worst_of(answered([5], first=[Moment(0)], confidence=[0.7]), Table())
    assert (only.shown, only.confidence) == (None, None)
    (other,) = worst_of(answered([5], confidence=[0.7]), Table())
    assert other.confidence == 0.7


def test_timings() -> None:
    assert timings_of(answered([0])) is None
    found = timings_of(answered([0] * 100, milliseconds=np.arange(1, 101).tolist()))
    assert found is not None
    assert (found.milliseconds, found.count) == (50.5, 100)
    assert found.percentile_95 == pytest.approx(95.05)
