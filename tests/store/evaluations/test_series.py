"""The rows of evaluations: their history, and what queries were answered, which goes sooner."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from mediaindex.store.evaluations import runs, series
from mediaindex.store.evaluations.series import RANKS_KEPT, Measured
from mediaindex.store.library import Library
from tests.support.kept_ranks import SERIES, kept, scores

FIGURES = {
    "R@1": {"value": 50.0, "low": 40.0, "high": 60.0},
    "mAP": {"value": 60.0, "low": 50.0, "high": 70.0},
}
OTHER = replace(SERIES, direction="v2t")


def night(library: Library, value: float, *, ends: bool = True) -> int:
    figures = {**FIGURES, "R@1": {"value": value, "low": value - 1, "high": value + 1}}
    with library.write() as connection:
        number = runs.begin(connection, versions={}, settings={})
        for name in (SERIES, OTHER):
            measured = Measured("digest", "tiny", 4, 9, figures)
            series.add(connection, number, name, measured, kept(scores(int(value), 4)))
        if ends:
            runs.end(connection, number, line="", regression=None, tested=False, report=None)
    return number


def test_the_past_has_the_newest_first_and_what_ended_alone(opened: Library) -> None:
    numbers = [night(opened, value) for value in (10, 20, 30)]
    night(opened, 40, ends=False)
    with opened.read() as connection:
        found = series.past(connection, SERIES, count=2)
        assert [one.evaluation_id for one in found] == numbers[:0:-1]
        assert (found[0].digest, found[0].generator) == ("digest", "tiny")
        assert np.array_equal(found[0].ranks.ranks, kept(scores(30, 4)).ranks)
        history = series.history(connection, SERIES, "R@1", count=9)
        assert [(one.value, one.low, one.high) for one in history] == [
            (10, 9, 11),
            (20, 19, 21),
            (30, 29, 31),
        ]
        assert (history[0].queries, history[0].gallery) == (4, 9)
        assert series.history(connection, replace(SERIES, encoder="other"), "R@1", count=9) == []
        assert series.names_of(connection, numbers[0]) == [SERIES, OTHER]


def test_old_ranks_go_and_figures_stay(opened: Library) -> None:
    count = RANKS_KEPT + 3
    for value in range(count):
        night(opened, value)
    with opened.write() as connection:
        series.let_old_ranks_go(connection)
        assert len(series.past(connection, SERIES, count=99)) == RANKS_KEPT
        assert len(series.history(connection, SERIES, "R@1", count=99)) == count


def test_recall_by_night_is_of_what_a_search_does_by_itself(opened: Library) -> None:
    numbers = [night(opened, value) for value in (10, 20)]
    with opened.write() as connection:
        assert [one.value for one in series.recall_by_night(connection, numbers[-1], count=9)] == [10, 20]
        assert [one.value for one in series.recall_by_night(connection, numbers[-1], count=1)] == [20]
        assert series.recall_by_night(connection, 99, count=9) == []
        search = Measured("digest", None, 4, 9, {"R@1": {"value": 33.0, "low": 30.0, "high": 36.0}})
        series.add(connection, numbers[-1], replace(SERIES, ranking="search"), search, kept(scores(1, 4)))
        assert [one.value for one in series.recall_by_night(connection, numbers[-1], count=9)] == [33]
