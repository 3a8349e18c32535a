"""`eval --nightly`: measure, keep, compare with the nights before, and tell.

What is measured is written as a note is, in short transactions: a watcher may hold the writer lock all the
time. A kill loses the open evaluation alone, and the next one says so.
"""

from __future__ import annotations

import argparse
import datetime
import importlib.metadata
import os
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from mediaindex.assembly.paths import absolute_unless_empty
from mediaindex.cli.nightly.nightly_output import Calibration, Night, SeriesDrift, StoreCheck, print_night
from mediaindex.cli.nightly.nightly_page import page_of
from mediaindex.cli.nightly.nightly_parts import OnBenchmark, Outcome, outcome_of, series_of
from mediaindex.cli.nightly.nightly_plan import Part, parts_of
from mediaindex.cli.shared.output import Output
from mediaindex.config import Config
from mediaindex.errors import DONE, SOME_MEDIA_FAILED, MediaIndexError, NoSpace, StoreError, UsageError

if TYPE_CHECKING:
    from mediaindex.learn.nightly.regression import Judgement, Row
    from mediaindex.learn.nightly.time_budget import TimeBudget
    from mediaindex.store.evaluations.query_ranks import QueryRanks
    from mediaindex.store.evaluations.runs import Evaluation
    from mediaindex.store.evaluations.series import Measured, Past, SeriesName
    from mediaindex.store.library import Library

    _Kept = dict[SeriesName, tuple[Measured, QueryRanks]]

PROGRAMS = ("mediaindex", "torch", "numpy", "lancedb")
REGRESSED = 1


@dataclass(frozen=True, slots=True, eq=False)
class _Begun:
    """An open evaluation.

    Attributes:
        interrupted: evaluations before it that never ended. before: the last one that did.
    """

    number: int
    at: datetime.datetime
    interrupted: Sequence[datetime.datetime]
    before: Evaluation | None


@dataclass(frozen=True, slots=True, eq=False)
class _Compared:
    """Tonight's series, and the digests of their encoders, beside the nights before.

    Attributes:
        times: when the evaluations of the past began, by their numbers.
    """

    tonight: Mapping[SeriesName, QueryRanks]
    digests: Mapping[SeriesName, str]
    past: Mapping[SeriesName, Sequence[Past]]
    judgement: Judgement
    times: Mapping[int, datetime.datetime]


def run_nightly(
    arguments: argparse.Namespace, config: Config, output: Output, on_benchmark: OnBenchmark
) -> int:
    """Evaluate what [nightly] names, without it the library; the exit code.

    Args:
        on_benchmark: evaluates a benchmark.

    Raises:
        UsageError, ConfigError: see `parts_of`; or the page has no place.
        WriterBusy: another evaluation of this library goes on. NoSpace: nothing can be kept.
    """
    from mediaindex.learn.nightly.notification import notify
    from mediaindex.learn.nightly.time_budget import TimeBudget
    from mediaindex.learn.report_page.page_file import require_page_place
    from mediaindex.store.library import open_library

    began = time.monotonic()
    parts = parts_of(arguments, config)
    page = config.nightly_report if arguments.report is None else absolute_unless_empty(arguments.report)
    if page is not None:
        require_page_place(page)
    with open_library(config.library) as library, library.evaluating():
        budget = TimeBudget(None if config.nightly_minutes is None else 60 * config.nightly_minutes)
        begun = _begin(library, parts, config)
        outcomes, kept = _measured(library, begun, parts, arguments, config, output, budget, on_benchmark)
        compared = _compared(library, begun, kept)
        night = Night(
            source="nightly" if arguments.source is None else "library",
            at=begun.at,
            outcomes=outcomes,
            judgement=compared.judgement,
            times=compared.times,
            drifts=_drifts(compared),
            calibrations=_calibrations(outcomes),
            store=_checked(library, budget),
            notes=_notes(begun, compared),
            seconds=time.monotonic() - began,
        )
        written, unwritten = _page(library, night, kept, page, config)
        _end(library, begun, night, written)
    print_night(night, written, output)
    if unwritten is not None:
        output.say(f"mediaindex eval: {unwritten}")
    if config.nightly_notify is not None and night.is_to_be_told:
        with _said(output):
            notify(config.nightly_notify, night.line)
    return _exit_code(night, unwritten)


def _begin(library: Library, parts: Sequence[Part], config: Config) -> _Begun:
    from mediaindex.store.evaluations import runs, series

    versions = {name: importlib.metadata.version(name) for name in PROGRAMS}
    settings = {"parts": [part.title for part in parts], "queries": config.nightly_queries,
                "minutes": config.nightly_minutes}  # fmt: skip
    at = datetime.datetime.now().astimezone()
    with library.write() as connection:
        interrupted = runs.interrupt(connection)
        before = next(iter(runs.last(connection)), None)
        series.let_old_ranks_go(connection)
        number = runs.begin(connection, versions=versions, settings=settings)
    return _Begun(number, at, interrupted, before)


def _measured(
    library: Library,
    begun: _Begun,
    parts: Sequence[Part],
    arguments: argparse.Namespace,
    config: Config,
    output: Output,
    budget: TimeBudget,
    on_benchmark: OnBenchmark,
) -> tuple[list[Outcome], _Kept]:
    """What came of every part, and what the queries were answered, which is kept as soon as it is known."""
    from mediaindex.store.evaluations import series

    outcomes: list[Outcome] = []
    kept: _Kept = {}
    for part in parts:
        outcome = outcome_of(part, arguments, config, output, budget=budget, on_benchmark=on_benchmark)
        outcomes.append(outcome)
        found = [] if outcome.report is None else outcome.report.measurements
        rows = [row for one in found if (row := series_of(part, one, config)) is not None]
        new = {name: (measured, ranks) for name, measured, ranks in rows if name not in kept}
        with library.write() as connection:
            for name, (measured, ranks) in new.items():
                series.add(connection, begun.number, name, measured, ranks)
        kept |= new
    return outcomes, kept


def _compared(library: Library, begun: _Begun, kept: _Kept) -> _Compared:
    from mediaindex.learn.nightly.regression import WINDOW, judge
    from mediaindex.store.evaluations import runs, series

    tonight = {name: ranks for name, (_measured, ranks) in kept.items()}
    with library.read() as connection:
        past = {name: series.past(connection, name, count=WINDOW) for name in tonight}
        tests = runs.tests_within_a_year(connection)
    judgement = judge(tonight, past, tests=tests, fallen_before=_fallen_before(begun.before))
    times = {
        one.evaluation_id: datetime.datetime.fromtimestamp(one.started_at).astimezone()
        for nights in past.values()
        for one in nights
    }
    digests = {name: measured.digest for name, (measured, _ranks) in kept.items()}
    return _Compared(tonight, digests, past, judgement, times)


def _fallen_before(before: Evaluation | None) -> dict[Row, int]:
    from mediaindex.learn.nightly.regression import Row
    from mediaindex.store.evaluations.series import SeriesName

    if before is None or before.regression is None:
        return {}
    return {
        Row(SeriesName(*(row[key] for key in SeriesName.__slots__)), row["metric"]): row["reference"]
        for row in before.regression["rows"]
    }


def _drifts(compared: _Compared) -> list[SeriesDrift]:
    from mediaindex.learn.nightly.drift import drift_between

    found = []
    for name, ranks in compared.tonight.items():
        if nights := compared.past[name]:
            drift = drift_between(ranks, nights[0].ranks)
            found += [] if drift is None else [SeriesDrift(name, drift)]
    return found


def _calibrations(outcomes: Sequence[Outcome]) -> list[Calibration]:
    """How far confidences are from what came true, of captions in the ranking that searches use."""
    import numpy as np

    from mediaindex.learn.evaluation.metrics import calibration_error

    found = []
    for outcome in outcomes:
        if outcome.report is None or outcome.part.generator is not None:
            continue
        for one in outcome.report.answered:
            known = np.isfinite(one.confidence)
            is_main = one.ranked.ranking == outcome.report.main_ranking
            if is_main and one.queries_from == "captions" and known.any():
                error = calibration_error(one.confidence[known], one.first_is_right[known])
                found.append(Calibration(one.ranked.ranking, one.queries_from, int(known.sum()), error))
    return found


def _checked(library: Library, budget: TimeBudget) -> StoreCheck:
    """Whether the stores agree, as far as time allows; beside a writer, what is found twice counts."""
    from mediaindex.learn.nightly.time_budget import OutOfTime
    from mediaindex.store.layout import LOCK
    from mediaindex.store.lock import holder
    from mediaindex.store.maintenance.check import check

    try:
        with budget.kept():
            problems = check(library).all_problems
            if problems and holder(library.root / LOCK) is not None:
                again = set(check(library).all_problems)
                problems = [one for one in problems if one in again]
    except OutOfTime:
        return StoreCheck(False, [])
    return StoreCheck(True, problems)


def _notes(begun: _Begun, compared: _Compared) -> list[str]:
    notes = [f"the evaluation of {when:%Y-%m-%d %H:%M} did not end" for when in begun.interrupted]
    before = begun.before
    if before is None:
        return notes
    if before.when > begun.at:
        notes.append(f"the clock went back: the evaluation before began at {before.when:%Y-%m-%d %H:%M}")
    changed = {
        name.benchmark: nights[0]
        for name, nights in compared.past.items()
        if nights and nights[0].digest != compared.digests[name]
    }
    for benchmark, night in changed.items():
        when = compared.times[night.evaluation_id]
        notes.append(
            f"{benchmark}: the encoder is another one than in the evaluation of {when:%Y-%m-%d %H:%M}"
        )
    return notes


def _page(
    library: Library, night: Night, kept: _Kept, page: Path | None, config: Config
) -> tuple[Path | None, MediaIndexError | None]:
    """Write the page: where it lies, or why it was not written."""
    from mediaindex.learn.report_page.page_file import write_page

    if page is None:
        return None, None
    try:
        write_page(page, page_of(library, night, list(kept), config))
    except (NoSpace, UsageError) as error:
        return None, error
    except Exception as error:  # what was measured is kept, whatever a drawing stumbles over
        if os.environ.get("MEDIAINDEX_DEBUG"):
            raise
        return None, MediaIndexError(f"the page was not written: {type(error).__name__}: {error}")
    return page, None


def _end(library: Library, begun: _Begun, night: Night, page: Path | None) -> None:
    from mediaindex.store.evaluations import runs

    with library.write() as connection:
        runs.end(
            connection,
            begun.number,
            line=night.line,
            regression=night.regression,
            tested=night.judgement.tested,
            report=page,
        )


def _exit_code(night: Night, unwritten: MediaIndexError | None) -> int:
    if night.judgement.regressed or any(one.failed for one in night.outcomes):
        return REGRESSED
    if night.store.problems:
        return StoreError.exit_code
    if unwritten is not None:
        return unwritten.exit_code
    return SOME_MEDIA_FAILED if night.left_out else DONE


@contextmanager
def _said(output: Output) -> Iterator[None]:
    """Trouble that costs nothing but what was to be done."""
    try:
        yield
    except MediaIndexError as error:
        output.say(f"mediaindex eval: {error}")
