"""A night as it is told, made of plain values."""

from __future__ import annotations

import datetime

from mediaindex.cli.measuring.figure_tables import EvalReport, EvalRow
from mediaindex.cli.nightly.nightly_output import Calibration, Night, SeriesDrift, StoreCheck
from mediaindex.cli.nightly.nightly_parts import Outcome
from mediaindex.cli.nightly.nightly_plan import Part
from mediaindex.learn.evaluation.metrics import Interval
from mediaindex.learn.nightly.drift import Drift
from mediaindex.learn.nightly.regression import Fallen, Judgement, Row
from tests.support.kept_ranks import SERIES

AT = datetime.datetime(2026, 3, 1, 3, 30, tzinfo=datetime.UTC)
BEFORE = datetime.datetime(2026, 2, 27, 3, 30, tzinfo=datetime.UTC)
LIBRARY, BENCHMARK = Part("library", "", None), Part("msvd", "fast", None)
FALLEN = Fallen(Row(SERIES, "R@1"), Interval(-12.0, -20.0, -4.0), 50, 7, 6)


def row(benchmark: str, ranking: str = "instant", *, direction: str = "t2v") -> EvalRow:
    figures = {"R@1": {"value": 50.0, "low": 40.0, "high": 60.0}}
    return EvalRow(benchmark, direction, ranking, "library", "captions", None, 100, 200, 0, figures)


def night(*outcomes: Outcome, fallen: tuple[Fallen, ...] = (), problems: tuple[str, ...] = ()) -> Night:
    return Night(
        source="nightly",
        at=AT,
        outcomes=outcomes,
        judgement=Judgement(True, True, fallen),
        times={7: BEFORE},
        drifts=[SeriesDrift(SERIES, Drift(100, 0.5, -0.25, drifted=True))],
        calibrations=[Calibration("instant", "captions", 40, 0.123)],
        store=StoreCheck(True, problems),
        notes=["a note"],
        seconds=1.5,
    )


def measured(part: Part, *rows: EvalRow) -> Outcome:
    return Outcome(part, EvalReport(part.source, part.encoder or "colours", rows=list(rows)), "", False, 1.0)


def not_measured(part: Part, reason: str, *, failed: bool) -> Outcome:
    return Outcome(part, None, reason, failed, 0.0)
