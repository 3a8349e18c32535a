"""An evaluation as a section of the page, and the page of a single evaluation."""

from __future__ import annotations

import contextlib
import datetime
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from mediaindex import __version__
from mediaindex.cli.measuring.figure_tables import EvalDifference, EvalReport, EvalRow
from mediaindex.config import Config

if TYPE_CHECKING:
    from mediaindex.learn.evaluation.metrics import Interval
    from mediaindex.learn.features.feature_set import Features
    from mediaindex.learn.report_page.answered import Gallery
    from mediaindex.learn.report_page.page_data import (
        DifferenceRow,
        FiguresRow,
        Point,
        Section,
        Series,
    )
    from mediaindex.store.vectors.spaces import Space

METRIC = "R@1"
NIGHTS = 365
WORDS = {"t2v": "text → video", "v2t": "video → text"}


def write_report(report: EvalReport, seconds: float, path: Path, config: Config) -> None:
    """Write the page of one evaluation, which has no other to be compared with.

    Raises:
        UsageError: the place is taken by what is no page. NoSpace: the disk is full, or may not be written.
    """
    from mediaindex.learn.report_page.page_data import ReportPage
    from mediaindex.learn.report_page.page_file import write_page

    section = section_of(report, config, seconds=seconds)
    now = datetime.datetime.now().astimezone()
    write_page(
        path, ReportPage(now, f"mediaindex {__version__}", first_sentence(section), "first", (section,))
    )


def section_of(
    report: EvalReport, config: Config, *, history: Sequence[Series] = (), seconds: float | None = None
) -> Section:
    """All that a page tells of an evaluation.

    Args:
        history: recall over time, this evaluation last; where empty, the nights that the library keeps, and
            this one.
        seconds: that the evaluation took.
    """
    from mediaindex.learn.benchmarks.benchmark_table import BENCHMARKS
    from mediaindex.learn.benchmarks.published import published_of
    from mediaindex.learn.report_page.breakdown import parts_of, reliability_of, timings_of, worst_of
    from mediaindex.learn.report_page.page_data import Section

    benchmark = BENCHMARKS.get(report.source)
    title = "Your library" if report.source == "library" else report.source
    main = [one for one in report.answered if one.ranked.ranking == report.main_ranking]
    with _opened(report, config) as gallery:
        parts = [row for one in main for row in parts_of(one, gallery)] if gallery else []
        worst = [query for one in main for query in worst_of(one, gallery)] if gallery else []
    return Section(
        report.source,
        title if benchmark is None else benchmark.title,
        report.encoder,
        tuple(map(_figures_row, report.rows)),
        history=tuple(history) or _with_nights(report, config),
        differences=tuple(map(_difference_row, report.differences)),
        published=tuple(published_of(report.source)),
        reliability=tuple(one for one in map(reliability_of, main) if one is not None),
        parts=tuple(parts),
        worst=tuple(worst),
        gates=tuple(report.gates),
        timings=tuple(one for one in map(timings_of, report.answered) if one is not None),
        left_out=tuple(report.left_out),
        notes=tuple(report.notes),
        elapsed_seconds=seconds,
    )


def first_sentence(section: Section) -> str:
    """What an evaluation says that is compared with none: how often the right answer came first."""
    if not section.rows:
        return "Nothing could be measured."
    row = section.rows[0]
    figure = row.metrics["R@1"]
    asked = "sentences about known items" if row.queries_from == "known items" else row.queries_from
    what = f"{row.queries} {asked}" if row.direction == "t2v" else f"{row.queries} videos"
    where = f"among {row.gallery} {'videos' if row.direction == 't2v' else 'items'}"
    return (
        f"The right answer comes first for {figure.value:.0f} % of {what} {where} "
        f"(between {figure.low:.0f} and {figure.high:.0f} % with 95 % confidence); "
        "no earlier evaluation is compared here."
    )


@contextlib.contextmanager
def library_gallery(space: Space, videos: Sequence[int], config: Config) -> Iterator[Gallery]:
    """The videos of a library, as long as its page is made."""
    from mediaindex.learn.report_page.library_gallery import LibraryGallery
    from mediaindex.store.library import open_library

    with open_library(config.library) as library:
        yield LibraryGallery(library, space, videos)


@contextlib.contextmanager
def clip_gallery(
    features: Features, files: Mapping[str, Path], categories: Mapping[str, str], config: Config
) -> Iterator[Gallery]:
    """The clips of features, as long as their page is made."""
    from mediaindex.assembly.reading import new_decoder, sampling_of
    from mediaindex.learn.report_page.clip_gallery import ClipGallery

    gallery = ClipGallery(features, files, categories, lambda: new_decoder(config), sampling_of(config))
    with contextlib.closing(gallery):
        yield gallery


@contextlib.contextmanager
def _opened(report: EvalReport, config: Config) -> Iterator[Gallery | None]:
    if report.gallery is None:
        yield None
        return
    with report.gallery(config) as gallery:
        yield gallery


def _with_nights(report: EvalReport, config: Config) -> tuple[Series, ...]:
    """R@1 of texts that look for videos, by every ranking: in the nights that the library keeps, and now."""
    from mediaindex.learn.report_page.page_data import Point, Series

    now = datetime.datetime.now().astimezone()
    rows = [row for row in report.rows if row.direction == "t2v"]
    found = []
    for row, nights in zip(rows, _nights(rows, report.encoder, config), strict=True):
        name = f"{METRIC} of {row.queries_from}, {WORDS[row.direction]}, {row.ranking}"
        if row.sampling == "library" and row.benchmark != "library":
            name += ", library sampling"
        point = Point(now, _metrics(row.metrics)[METRIC], row.queries, row.gallery)
        found.append(Series(name, (*nights, point)))
    return tuple(found)


def _nights(rows: Sequence[EvalRow], encoder: str, config: Config) -> list[list[Point]]:
    """What the nights say of each row, the oldest first; nothing where there is no library."""
    from mediaindex.learn.evaluation.metrics import Interval
    from mediaindex.learn.report_page.page_data import Point
    from mediaindex.store.evaluations.series import SeriesName, history
    from mediaindex.store.layout import DATABASE
    from mediaindex.store.library import open_library

    if not (config.library / DATABASE).is_file():
        return [[] for _row in rows]
    found = []
    with open_library(config.library) as library, library.read() as connection:
        for row in rows:
            of = "" if row.benchmark == "library" else encoder  # of the library, whatever serves searches
            name = SeriesName(row.benchmark, of, row.direction, row.ranking, row.queries_from)
            found.append(
                [
                    Point(
                        datetime.datetime.fromtimestamp(one.started_at).astimezone(),
                        Interval(one.value, one.low, one.high),
                        one.queries,
                        one.gallery,
                    )
                    for one in history(connection, name, METRIC, count=NIGHTS)
                ]
            )
    return found


def _figures_row(row: EvalRow) -> FiguresRow:
    from mediaindex.learn.report_page.page_data import FiguresRow

    return FiguresRow(
        row.direction,
        row.ranking,
        row.sampling,
        row.queries_from,
        row.domain,
        row.queries,
        row.gallery,
        row.missing,
        _metrics(row.metrics),
    )


def _difference_row(row: EvalDifference) -> DifferenceRow:
    from mediaindex.learn.report_page.page_data import DifferenceRow

    return DifferenceRow(
        row.direction,
        row.ranking,
        row.against,
        row.queries_from,
        row.queries,
        _metrics(row.metrics),
        row.verdict,
    )


def _metrics(metrics: Mapping[str, Mapping[str, float]]) -> dict[str, Interval]:
    from mediaindex.learn.evaluation.metrics import Interval

    return {
        name: Interval(figure["value"], figure["low"], figure["high"]) for name, figure in metrics.items()
    }
