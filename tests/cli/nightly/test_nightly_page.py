"""A night as a page: a section for each source and encoder, with its history."""

from __future__ import annotations

from pathlib import Path

from mediaindex.cli.nightly.nightly_page import page_of
from mediaindex.config import load_config
from mediaindex.learn.report_page.page_html import page_html
from mediaindex.store.evaluations import runs, series
from mediaindex.store.evaluations.series import Measured, SeriesName
from mediaindex.store.library import open_library
from tests.support.kept_ranks import SERIES, kept, scores
from tests.support.made_nights import BENCHMARK, FALLEN, LIBRARY, measured, night, not_measured, row

BLEND = SeriesName("msvd", "fast", "t2v", "blend", "captions")


def test_the_page_has_history_falls_and_checks(library: Path) -> None:
    figures = {"R@1": {"value": 62.0, "low": 52.0, "high": 72.0}}
    with open_library(library, create=True) as opened:
        with opened.write() as connection:
            number = runs.begin(connection, versions={}, settings={})
            series.add(connection, number, SERIES, Measured("d", None, 90, 180, figures), kept(scores(0, 3)))
            runs.end(connection, number, line="x", regression=None, tested=False, report=None)
        one = night(
            measured(LIBRARY, row("library")),
            measured(LIBRARY, row("library"), row("library", "generator tiny")),
            measured(BENCHMARK, row("msvd", "blend")),
            not_measured(BENCHMARK, "the time budget ended", failed=False),
            fallen=(FALLEN,),
        )
        page = page_of(opened, one, [SERIES, BLEND], load_config())
    assert [(section.source, section.encoder) for section in page.sections] == [
        ("library", "colours"), ("msvd", "fast"),
    ]  # fmt: skip
    assert [found.ranking for found in page.sections[0].rows] == ["instant", "generator tiny"]
    (history,) = page.sections[0].history
    assert [(point.figure.value, point.queries, point.gallery) for point in history.points] == [
        (62.0, 90, 180), (50.0, 100, 200),
    ]  # fmt: skip
    assert page.tone == "worse"
    assert [(fall.what, fall.since) for fall in page.falls] == [
        ("R@1 of library, text to video, instant", "2026-02-27 03:30")
    ]
    checks = {check.name: check.passed for check in page.checks}
    assert checks["The store agrees with itself"]
    assert not checks["Scores are spread as before"]
    assert "fell by 12.0 points" in page_html(page)
