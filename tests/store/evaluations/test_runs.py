"""Evaluations are in the order in which they were made, whatever the clock says, and a killed one is told."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from mediaindex.errors import WriterBusy
from mediaindex.store.catalog.database import ACTIVE, set_meta
from mediaindex.store.evaluations import runs
from mediaindex.store.library import Library
from mediaindex.store.vectors.spaces import Space
from tests.support.kept_ranks import SERIES, kept, scores
from tests.support.small_library import make_space


def made(library: Library, line: str, **more: object) -> int:
    """An evaluation, begun and ended."""
    values = {"regression": None, "tested": False, "report": None, **more}
    with library.write() as connection:
        number = runs.begin(connection, versions={"mediaindex": "1"}, settings={"queries": 5})
        runs.end(connection, number, line=line, **values)  # type: ignore[arg-type]
    return number


def test_the_last_one_is_told(opened: Library, space: Space, tmp_path: Path) -> None:
    with opened.read() as connection:
        assert runs.last_evaluation(connection) is None
    page = tmp_path / "page \udce9.html"
    made(opened, "fine")
    made(opened, "R@1 fell", regression={"regressed": True, "rows": []}, report=page)
    with opened.read() as connection:
        told = runs.last_evaluation(connection)
    assert told is not None
    assert (told.line, told.regressed, told.report) == ("R@1 fell", True, page)
    assert told.at[-6] in "+-"
    assert not told.older_than_space


def test_one_that_is_older_than_the_space_says_so(opened: Library, space: Space) -> None:
    made(opened, "before")
    other = make_space(opened, "two")
    with opened.write() as connection:
        set_meta(connection, ACTIVE, str(other.id))
    with opened.read() as connection:
        told = runs.last_evaluation(connection)
        assert told is not None
        assert told.older_than_space
    made(opened, "after")
    with opened.read() as connection:
        told = runs.last_evaluation(connection)
        assert told is not None
        assert not told.older_than_space


def test_one_that_never_ended_is_told_once_and_counts_for_nothing(opened: Library) -> None:
    made(opened, "whole")
    with opened.write() as connection:
        runs.begin(connection, versions={}, settings={})
    with opened.read() as connection:
        assert [one.line for one in runs.last(connection, 5)] == ["whole"]
    with opened.write() as connection:
        assert len(runs.interrupt(connection)) == 1
        assert runs.interrupt(connection) == []
        told = runs.last_evaluation(connection)
    assert told is not None
    assert told.line == "whole"


def test_a_clock_that_went_back_changes_no_order(opened: Library, monkeypatch: pytest.MonkeyPatch) -> None:
    now = time.time()
    first = made(opened, "first", tested=True)
    monkeypatch.setattr(time, "time", lambda: now - 86_400.0)
    second = made(opened, "second", tested=True)
    with opened.read() as connection:
        assert [(one.id, one.line) for one in runs.last(connection, 5)] == [
            (second, "second"),
            (first, "first"),
        ]
        assert runs.tests_within_a_year(connection) == 2
    monkeypatch.setattr(time, "time", lambda: now + runs.YEAR_SECONDS - 3600.0)
    with opened.read() as connection:
        assert runs.tests_within_a_year(connection) == 1


def test_the_oldest_go_with_their_figures(opened: Library, monkeypatch: pytest.MonkeyPatch) -> None:
    from mediaindex.store.evaluations import series

    monkeypatch.setattr(runs, "KEPT", 2)
    first = made(opened, "0")
    with opened.write() as connection:
        series.add(connection, first, SERIES, series.Measured("d", None, 3, 3, {}), kept(scores(0, 3)))
    for line in "123":
        made(opened, line)
    with opened.read() as connection:
        assert [one.line for one in runs.last(connection, 9)] == ["3", "2"]
        assert series.names_of(connection, first) == []


def test_one_evaluation_at_a_time(opened: Library) -> None:
    with (
        opened.lock("watch"),
        opened.evaluating(),
        pytest.raises(WriterBusy, match="another evaluation of this library goes on"),
        opened.evaluating(),
    ):
        pass
    with opened.evaluating():
        pass
