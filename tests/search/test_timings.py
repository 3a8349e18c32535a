"""A stopwatch: what each step took, and that a watch is never changed."""

from __future__ import annotations

import pytest

from mediaindex.search.timings import STEPS, Stopwatch, started_watch


def test_each_step_took_the_time_since_the_one_before() -> None:
    watch = Stopwatch(100.0, (("encode", 103.0), ("candidates", 110.0), ("moments", 111.5)))
    assert watch.durations_ms() == {
        "encode": 3.0,
        "candidates": 7.0,
        "score": None,
        "rerank": None,
        "moments": 1.5,
        "total": 11.5,
    }


def test_a_lap_leaves_the_watch_before_it_as_it_was() -> None:
    watch = started_watch()
    first, again = watch.lap("encode"), watch.lap("encode")
    assert watch.laps_ms == ()
    assert [step for step, _end in first.lap("candidates").laps_ms] == ["encode", "candidates"]
    assert watch.started_ms <= first.laps_ms[0][1] <= again.laps_ms[0][1]


def test_the_steps_add_up_to_the_total() -> None:
    watch = started_watch()
    for step in STEPS:
        watch = watch.lap(step)
    durations = watch.durations_ms()
    total = durations.pop("total")
    assert list(durations) == list(STEPS)
    assert sum(took for took in durations.values() if took is not None) == pytest.approx(total)
