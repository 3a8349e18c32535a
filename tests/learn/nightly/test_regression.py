"""The rule: what repeats is no news, what falls is named with since when, and a year has few false alarms."""

from __future__ import annotations

import numpy as np
import pytest

from mediaindex.learn.nightly.regression import NIGHTS, WINDOW, YEARLY, Row, judge, level_of
from mediaindex.store.evaluations.query_ranks import QueryRanks
from tests.support.kept_ranks import SERIES, kept, past, scores

R1 = Row(SERIES, "R@1")
NO_FALL: dict[Row, int] = {}


def shuffled(table: np.ndarray) -> np.ndarray:
    return table[:, np.random.default_rng(3).permutation(len(table))]


GOOD = scores(0, 100, noise=0.5)
BAD = shuffled(GOOD)


def test_the_levels_of_a_year_sum_to_at_most_five_percent() -> None:
    assert sum(level_of(test) for test in range(1, NIGHTS + 1)) <= YEARLY
    assert sum(level_of(test) for test in range(1, 100_000)) <= YEARLY
    assert level_of(1) > 0.0075


def test_a_first_night_has_nothing_to_be_compared_with() -> None:
    judged = judge({SERIES: kept(GOOD)}, {SERIES: []}, tests=0, fallen_before=NO_FALL)
    assert (judged.compared, judged.tested, judged.regressed) == (False, False, False)


def test_the_same_answers_spend_no_test() -> None:
    nights = past(kept(GOOD), kept(GOOD))
    judged = judge({SERIES: kept(GOOD)}, {SERIES: nights}, tests=0, fallen_before=NO_FALL)
    assert (judged.compared, judged.tested, judged.fallen, judged.risen) == (True, False, (), ())


def test_a_fall_is_named_with_its_interval_and_since_when() -> None:
    good = kept(GOOD)
    judged = judge({SERIES: kept(BAD)}, {SERIES: past(good, good, good)}, tests=0, fallen_before=NO_FALL)
    assert judged.tested
    fallen = {one.row: one for one in judged.fallen}
    assert set(fallen) == {Row(SERIES, metric) for metric in ("R@1", "MRR@10")}
    one = fallen[R1]
    assert -100.0 <= one.difference.low < one.difference.value < one.difference.high < 0.0
    assert (one.since, one.reference, one.videos) == (None, 3, 100)
    up = judge({SERIES: good}, {SERIES: past(kept(BAD))}, tests=0, fallen_before=NO_FALL)
    assert (up.regressed, set(up.risen)) == (False, set(fallen))


def test_what_fell_stays_named_until_it_is_back_or_the_window_has_passed() -> None:
    good, bad = kept(GOOD), kept(BAD)
    before = {R1: 2}
    nights = past(bad, bad, good, good)  # numbers 4, 3, 2, 1
    still = judge({SERIES: bad}, {SERIES: nights}, tests=1, fallen_before=before)
    assert (still.tested, [(one.row, one.since, one.reference) for one in still.fallen]) == (
        False,
        [(R1, 3, 2)],
    )
    back = judge({SERIES: good}, {SERIES: nights}, tests=1, fallen_before=before)
    assert back.tested
    assert not back.regressed
    gone = judge({SERIES: bad}, {SERIES: past(*[bad] * WINDOW)}, tests=1, fallen_before={R1: 0})
    assert not gone.regressed


def test_a_slow_decline_is_seen_across_the_window() -> None:
    """Three queries a night: none of the nights falls for certain beside the one before."""
    nights, table, named = [kept(GOOD)], GOOD.copy(), []
    for night in range(9):
        for one in range(3 * night, 3 * night + 3):
            table[one] = BAD[one]
        tonight = kept(table)
        window = past(*nights[::-1][:WINDOW])
        alone = judge({SERIES: tonight}, {SERIES: window[:1]}, tests=night, fallen_before=NO_FALL)
        assert not alone.regressed
        named.append(judge({SERIES: tonight}, {SERIES: window}, tests=night, fallen_before=NO_FALL).regressed)
        nights.append(tonight)
    assert named[-1]
    assert not named[0]


def test_queries_that_are_new_and_videos_that_are_gone_are_no_fall() -> None:
    table = scores(5, 200, noise=0.8)
    before = kept(table[:150, :150], names=np.arange(150))
    tonight = kept(table[30:, 30:], names=np.arange(30, 200))
    judged = judge({SERIES: tonight}, {SERIES: past(before)}, tests=0, fallen_before=NO_FALL)
    assert (judged.compared, judged.tested) == (True, False)


@pytest.mark.parametrize("count", [30, 100])
def test_noise_alone_raises_no_alarm_in_twenty_restless_years(count: int) -> None:
    random = np.random.default_rng(count)
    alarms = 0
    for _ in range(20):
        nights: list[QueryRanks] = []
        for night in range(60):
            table = 1.2 * np.eye(count) + 0.4 * random.normal(size=(count, count))
            tonight = kept(table)
            judged = judge({SERIES: tonight}, {SERIES: past(*nights[::-1][:WINDOW])}, tests=night,
                           fallen_before=NO_FALL)  # fmt: skip
            alarms += judged.regressed
            nights = [*nights[-WINDOW:], tonight]
    assert alarms <= 1
