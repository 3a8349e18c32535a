"""A night as a page: what fell, every source with its history, and what else was looked at."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from mediaindex import __version__
from mediaindex.cli.measuring.figure_tables import EvalReport
from mediaindex.cli.measuring.report_sections import section_of
from mediaindex.cli.nightly.nightly_output import Night
from mediaindex.cli.nightly.nightly_parts import Outcome
from mediaindex.config import Config

if TYPE_CHECKING:
    from mediaindex.learn.report_page.page_data import Check, Fall, Point, ReportPage, Series
    from mediaindex.store.evaluations.series import PastFigure, SeriesName
    from mediaindex.store.library import Library

NIGHTS_SHOWN = 365
METRIC = "R@1"


def page_of(library: Library, night: Night, names: Sequence[SeriesName], config: Config) -> ReportPage:
    """The page of a night.

    Args:
        names: of what was measured tonight.
    """
    from mediaindex.learn.nightly.summary import tone_of
    from mediaindex.learn.report_page.page_data import ReportPage

    sections = []
    for outcomes in _by_source(night.outcomes):
        report = _joined([one.report for one in outcomes if one.report is not None])
        part = outcomes[0].part
        history = _history(library, night, [
            name for name in names if (name.benchmark, name.encoder) == (part.source, part.encoder)
        ], report)  # fmt: skip
        seconds = sum(one.seconds for one in outcomes)
        sections.append(section_of(report, config, history=history, seconds=seconds))
    tone = tone_of(night.judgement)
    return ReportPage(
        night.at,
        f"mediaindex {__version__}",
        night.line,
        tone,
        tuple(sections),
        _falls(night),
        _checks(night),
    )


def _by_source(outcomes: Sequence[Outcome]) -> list[list[Outcome]]:
    """What was measured of each source with each encoder."""
    found: dict[tuple[str, str], list[Outcome]] = {}
    for one in outcomes:
        if one.report is not None:
            found.setdefault((one.part.source, one.part.encoder), []).append(one)
    return list(found.values())


def _joined(reports: Sequence[EvalReport]) -> EvalReport:
    """One report of several of the same source; a ranking that several have is that of the first."""
    first, *others = reports
    for other in others:
        known = {(row.direction, row.ranking, row.queries_from) for row in first.rows}
        new = [row for row in other.rows if (row.direction, row.ranking, row.queries_from) not in known]
        answered = {one.ranked.ranking for one in first.answered}
        first = replace(
            first,
            rows=[*first.rows, *new],
            differences=[*first.differences, *other.differences],
            gates=list(dict.fromkeys([*first.gates, *other.gates])),
            answered=[
                *first.answered,
                *(one for one in other.answered if one.ranked.ranking not in answered),
            ],
            notes=list(dict.fromkeys([*first.notes, *other.notes])),
        )
    return first


def _history(
    library: Library, night: Night, names: Sequence[SeriesName], report: EvalReport
) -> tuple[Series, ...]:
    """R@1 over the nights, tonight last."""
    from mediaindex.learn.evaluation.metrics import Interval
    from mediaindex.learn.nightly.summary import title_of
    from mediaindex.learn.report_page.page_data import Point, Series
    from mediaindex.store.evaluations import series

    found = []
    with library.read() as connection:
        past = {name: series.history(connection, name, METRIC, count=NIGHTS_SHOWN) for name in names}
    for name in names:
        same = (name.direction, name.ranking, name.queries_from)
        rows = [row for row in report.rows if (row.direction, row.ranking, row.queries_from) == same]
        if rows and METRIC in rows[0].metrics:
            figure = rows[0].metrics[METRIC]
            tonight = Point(
                night.at,
                Interval(figure["value"], figure["low"], figure["high"]),
                rows[0].queries,
                rows[0].gallery,
            )
            points = (*map(_point, past[name]), tonight)
            found.append(Series(f"{METRIC} of {title_of(name)}", points))
    return tuple(found)


def _point(one: PastFigure) -> Point:
    from mediaindex.learn.evaluation.metrics import Interval
    from mediaindex.learn.report_page.page_data import Point

    at = datetime.datetime.fromtimestamp(one.started_at).astimezone()
    return Point(at, Interval(one.value, one.low, one.high), one.queries, one.gallery)


def _falls(night: Night) -> tuple[Fall, ...]:
    from mediaindex.learn.nightly.summary import described
    from mediaindex.learn.report_page.page_data import Fall

    return tuple(
        Fall(described(one.row), one.difference, f"{night.since(one):%Y-%m-%d %H:%M}")
        for one in night.judgement.fallen
    )


def _checks(night: Night) -> tuple[Check, ...]:
    from mediaindex.learn.nightly.summary import title_of
    from mediaindex.learn.report_page.page_data import Check

    store = night.store
    said = "; ".join(store.problems) or ("it does" if store.checked else "not checked: the time budget ended")
    checks = [Check("The store agrees with itself", not store.problems, said)]
    for moved in night.drifts:
        said = f"distance {moved.drift.statistic:.2f}, mean moved by {moved.drift.shift:+.4f}"
        name = "Scores are spread as before"
        checks.append(Check(name, not moved.drift.drifted, f"{title_of(moved.name)}: {said}"))
    for one in night.calibrations:
        said = f"{one.ranking}: off by {100 * one.error:.1f} points over {one.queries} {one.queries_from}"
        # No verdict: every sentence here has an answer, and half of those it was fitted to had none.
        checks.append(Check("Confidence and what came true", True, said))
    checks += [
        Check(one.part.title, not one.failed, f"not measured: {one.reason}")
        for one in night.outcomes
        if one.report is None
    ]
    return (*checks, *(Check("Evaluations", True, note) for note in night.notes))
