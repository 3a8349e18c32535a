"""What a night found, as JSON and as lines."""

from __future__ import annotations

import datetime
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mediaindex.cli.measuring.figure_tables import NAMED, print_rows
from mediaindex.cli.nightly.nightly_parts import Outcome
from mediaindex.cli.shared.output import Output

if TYPE_CHECKING:
    from mediaindex.cli.measuring.figure_tables import EvalRow
    from mediaindex.learn.benchmarks.video_files import LeftOut
    from mediaindex.learn.nightly.drift import Drift
    from mediaindex.learn.nightly.regression import Fallen, Judgement
    from mediaindex.search.ranking.gate import Gate
    from mediaindex.store.evaluations.series import SeriesName


@dataclass(frozen=True, slots=True)
class SeriesDrift:
    """How the scores of a series moved since the night before."""

    name: SeriesName
    drift: Drift


@dataclass(frozen=True, slots=True)
class Calibration:
    """How far the confidences of first hits are from what came true.

    Attributes:
        queries: whose first hit has a confidence. error: expected calibration error, 0..1.
    """

    ranking: str
    queries_from: str
    queries: int
    error: float


@dataclass(frozen=True, slots=True)
class StoreCheck:
    """Whether the stores agree; `checked` is False where the time ended first."""

    checked: bool
    problems: Sequence[str]


@dataclass(frozen=True, slots=True, eq=False)
class Night:
    """All of one night.

    Attributes:
        source: nightly, or library where that was all that was asked for.
        times: when the evaluations of the past began, by their numbers.
    """

    source: str
    at: datetime.datetime
    outcomes: Sequence[Outcome]
    judgement: Judgement
    times: Mapping[int, datetime.datetime]
    drifts: Sequence[SeriesDrift]
    calibrations: Sequence[Calibration]
    store: StoreCheck
    notes: Sequence[str]
    seconds: float

    @property
    def regression(self) -> dict[str, Any] | None:
        """As JSON; None without a night to compare with."""
        if not self.judgement.compared:
            return None
        rows = [
            {
                **asdict(one.row.name),
                "metric": one.row.metric,
                "videos": one.videos,
                "difference": {name: round(value, 2) for name, value in asdict(one.difference).items()},
                "since": self.since(one).isoformat(timespec="seconds"),
                "reference": one.reference,
            }
            for one in self.judgement.fallen
        ]
        return {"regressed": self.judgement.regressed, "rows": rows}

    def since(self, fallen: Fallen) -> datetime.datetime:
        """When the first evaluation began from which on a row lay below."""
        return self.at if fallen.since is None else self.times[fallen.since]

    @property
    def line(self) -> str:
        """The night in one sentence."""
        from mediaindex.learn.nightly.summary import most_fallen, sentence_of

        fallen = self.judgement.fallen
        since = f"{self.since(most_fallen(fallen)):%Y-%m-%d %H:%M}" if fallen else ""
        trouble = [one.part.title for one in self.outcomes if one.failed]
        text = sentence_of(self.judgement, since, trouble=trouble)
        return text + ("; the store has problems: run 'mediaindex check'" if self.store.problems else "")

    @property
    def is_to_be_told(self) -> bool:
        """Whether something is wrong that a person should know."""
        failed = any(one.failed for one in self.outcomes)
        return self.judgement.regressed or failed or bool(self.store.problems)

    @property
    def rows(self) -> list[tuple[str, EvalRow]]:
        """(encoder, row) of everything that was measured, each once."""
        found: dict[tuple[str, ...], tuple[str, EvalRow]] = {}
        for outcome in self.outcomes:
            for row in [] if outcome.report is None else outcome.report.rows:
                key = (outcome.part.encoder, row.benchmark, row.direction, row.ranking, row.queries_from)
                found.setdefault(key, (outcome.part.encoder or _encoder(outcome), row))
        return list(found.values())

    @property
    def gates(self) -> list[Gate]:
        """What the figures say of each part of the ranking, each once."""
        reports = [one.report for one in self.outcomes if one.report is not None]
        return list(dict.fromkeys(gate for report in reports for gate in report.gates))

    @property
    def left_out(self) -> list[LeftOut]:
        """Clips that were not evaluated, each once."""
        reports = [one.report for one in self.outcomes if one.report is not None]
        return list(dict.fromkeys(one for report in reports for one in report.left_out))

    @property
    def all_notes(self) -> list[str]:
        """What has to be known, each once."""
        reports = [one.report for one in self.outcomes if one.report is not None]
        return list(dict.fromkeys([*self.notes, *(note for report in reports for note in report.notes)]))


def print_night(night: Night, page: Path | None, output: Output) -> None:
    """Print what was found."""
    not_done = [one for one in night.outcomes if one.report is None and not one.failed]
    failed = [one for one in night.outcomes if one.failed]
    output.data(
        {
            "source": night.source,
            "started_at": night.at.isoformat(timespec="seconds"),
            "line": night.line,
            "rows": [{"encoder": encoder, **asdict(row)} for encoder, row in night.rows],
            "gates": [asdict(gate) for gate in night.gates],
            "regression": night.regression,
            "drift": [{**asdict(one.name), **_rounded(asdict(one.drift))} for one in night.drifts],
            "calibration": [_rounded(asdict(one)) for one in night.calibrations],
            "store": {"checked": night.store.checked, "problems": list(night.store.problems)},
            "not_done": [{"part": one.part.title, "reason": one.reason} for one in not_done],
            "failed": [{"part": one.part.title, "reason": one.reason} for one in failed],
            "left_out": [asdict(one) for one in night.left_out],
            "notes": night.all_notes,
            "report": None if page is None else str(page),
            "elapsed_seconds": round(night.seconds, 3),
        }
    )
    output.line(night.line)
    for one in night.judgement.fallen:
        output.line(f"fell: {fall_line(night, one)}")
    print_rows([row for _encoder, row in night.rows], output)
    for gate in night.gates:
        output.line(f"{gate.component} {'on' if gate.on else 'off'}: {gate.reason}")
    for line in check_lines(night):
        output.line(line)
    for outcome in [*not_done, *failed]:
        output.line(f"not measured: {outcome.part.title}: {outcome.reason}")
    for left_out in night.left_out[:NAMED]:
        output.line(f"left out {left_out.id}: {left_out.reason}")
    for note in night.all_notes:
        output.line(f"note: {note}")
    if page is not None:
        output.line(f"report: {page}")


def fall_line(night: Night, fallen: Fallen) -> str:
    """A row that fell, with its interval and since when."""
    from mediaindex.learn.nightly.summary import described

    difference = fallen.difference
    figures = f"{difference.value:+.1f} [{difference.low:+.1f}, {difference.high:+.1f}]"
    return f"{described(fallen.row)} {figures} points since {night.since(fallen):%Y-%m-%d %H:%M}"


def check_lines(night: Night) -> list[str]:
    """What was looked at beside the ranks."""
    from mediaindex.learn.nightly.summary import title_of

    lines = [
        f"scores moved by {one.drift.shift:+.4f} (distance {one.drift.statistic:.2f}): {title_of(one.name)}"
        for one in night.drifts
        if one.drift.drifted
    ]
    lines += [
        f"confidence of {one.ranking} is off by {100 * one.error:.1f} points "
        f"over {one.queries} {one.queries_from}"
        for one in night.calibrations
    ]
    if not night.store.checked:
        return [*lines, "the store was not checked: the time budget ended"]
    return (
        [*lines, *night.store.problems] if night.store.problems else [*lines, "the store agrees with itself"]
    )


def _encoder(outcome: Outcome) -> str:
    return "" if outcome.report is None else outcome.report.encoder


def _rounded(values: Mapping[str, Any]) -> dict[str, Any]:
    return {key: round(value, 4) if isinstance(value, float) else value for key, value in values.items()}
