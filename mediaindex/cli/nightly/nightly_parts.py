"""The parts of a night: measured within the time that is left, and what came of each."""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, TypeVar

from mediaindex.cli.measuring.figure_tables import EvalDifference, EvalReport, EvalRow, Measurement
from mediaindex.cli.measuring.library_figures import evaluate_library
from mediaindex.cli.nightly.nightly_plan import Part
from mediaindex.cli.shared.output import Output
from mediaindex.config import Config
from mediaindex.errors import MediaIndexError, UsageError

if TYPE_CHECKING:
    from mediaindex.learn.evaluation.library_queries import KnownAnswer
    from mediaindex.learn.nightly.time_budget import TimeBudget
    from mediaindex.store.evaluations.query_ranks import QueryRanks
    from mediaindex.store.evaluations.series import Measured, SeriesName

OnBenchmark = Callable[[argparse.Namespace, Config, Output], EvalReport]
"""The evaluation of a benchmark, as `eval` makes it."""


@dataclass(frozen=True, slots=True, eq=False)
class Outcome:
    """What came of a part.

    Attributes:
        report: None where it was not measured. reason: why it was not. failed: whether something is wrong,
            rather than that time ended or there is nothing to measure.
    """

    part: Part
    report: EvalReport | None
    reason: str
    failed: bool
    seconds: float


def outcome_of(
    part: Part,
    arguments: argparse.Namespace,
    config: Config,
    output: Output,
    *,
    budget: TimeBudget,
    on_benchmark: OnBenchmark,
) -> Outcome:
    """Measure a part, whatever goes wrong with it: the others are measured all the same."""
    from mediaindex.learn.nightly.time_budget import OutOfTime

    began = time.monotonic()

    def not_measured(reason: str, *, failed: bool) -> Outcome:
        return Outcome(part, None, reason, failed, time.monotonic() - began)

    try:
        with budget.kept():
            report = _measured(part, arguments, config, output, on_benchmark)
    except OutOfTime:
        return not_measured("the time budget ended", failed=False)
    except UsageError as error:  # of a library: there is nothing to measure
        return not_measured(str(error), failed=part.source != "library")
    except MediaIndexError as error:
        return not_measured(str(error), failed=True)
    except Exception as error:
        if os.environ.get("MEDIAINDEX_DEBUG"):
            raise
        return not_measured(f"{type(error).__name__}: {error}", failed=True)
    return Outcome(part, report, "", False, time.monotonic() - began)


def _measured(
    part: Part, arguments: argparse.Namespace, config: Config, output: Output, on_benchmark: OnBenchmark
) -> EvalReport:
    words = vars(arguments) | {"source": part.source, "generator": part.generator, "report": None}
    asked = argparse.Namespace(**words)
    if part.source == "library":
        most = config.nightly_queries

        def choose(answers: Sequence[KnownAnswer], contents: Sequence[str]) -> list[KnownAnswer]:
            from mediaindex.learn.nightly.named_ranks import steady_sample

            names = [f"{name}\n{answer.text}" for name, answer in zip(contents, answers, strict=True)]
            return [answers[row] for row in steady_sample(names, most)]

        return evaluate_library(asked, config, output, choose=choose)
    asked.videos, asked.annotations = part.videos, part.annotations
    report = on_benchmark(asked, replace(config, encoder=part.encoder), output)
    if part.generator is None:
        return report
    renamed = f"generator {part.generator}"
    return replace(
        report,
        rows=[_renamed(row, renamed) for row in report.rows],
        differences=[_renamed(row, renamed) for row in report.differences],
        measurements=[replace(one, row=_renamed(one.row, renamed)) for one in report.measurements],
    )


def series_of(part: Part, one: Measurement, config: Config) -> tuple[SeriesName, Measured, QueryRanks] | None:
    """A row as it is kept; None where it is not known what stood before the right items."""
    from mediaindex.learn.nightly.named_ranks import Asked, query_ranks
    from mediaindex.store.evaluations.series import Measured, SeriesName

    ranks = query_ranks(one.ranked, Asked(one.contents, one.texts, one.video), most=config.nightly_queries)
    if ranks is None:
        return None
    row = one.row
    name = SeriesName(row.benchmark, part.encoder, row.direction, row.ranking, row.queries_from)
    return name, Measured(one.digest, part.generator, row.queries, row.gallery, row.metrics), ranks


Row = TypeVar("Row", EvalRow, EvalDifference)


def _renamed(row: Row, name: str) -> Row:
    return replace(row, ranking=name) if row.ranking == "generator" else row
