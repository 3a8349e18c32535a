"""What `eval` answers: rows, differences, published figures and gates, as JSON and as tables."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mediaindex.cli.shared.output import Output
from mediaindex.config import Config

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from mediaindex.learn.benchmarks.video_files import LeftOut
    from mediaindex.learn.evaluation.benchmark_rankings import RankedQueries
    from mediaindex.learn.report_page.answered import AnsweredQueries, Gallery
    from mediaindex.search.ranking.gate import Gate

SHOWN = ("R@1", "R@5", "R@10", "R@50", "MdR", "MnR", "mAP")
NAMED = 20


@dataclass(frozen=True, slots=True)
class EvalRow:
    """One ranking in one direction.

    Attributes:
        queries_from: captions, picks or known items.
        domain: of a generator, whether it was trained on captions of this source: in or out; else None.
        missing: clips of the split that are not in the gallery; None where unknown.
        metrics: by name: value, low, high.
    """

    benchmark: str
    direction: str
    ranking: str
    sampling: str
    queries_from: str
    domain: str | None
    queries: int
    gallery: int
    missing: int | None
    metrics: Mapping[str, Mapping[str, float]]


@dataclass(frozen=True, slots=True)
class EvalDifference:
    """One ranking less another on the same queries."""

    benchmark: str
    direction: str
    ranking: str
    against: str
    sampling: str
    queries_from: str
    queries: int
    metrics: Mapping[str, Mapping[str, float]]
    verdict: str


@dataclass(frozen=True, slots=True, eq=False)
class Measurement:
    """A row with the queries that it was measured on, by names that hold from night to night.

    Attributes:
        contents: names of the items. texts: M sentences. video: (M,) number of the item that each is about.
        digest: of the encoder.
    """

    row: EvalRow
    ranked: RankedQueries
    contents: Sequence[str]
    texts: Sequence[str]
    video: NDArray[np.intp]
    digest: str


@dataclass(slots=True)
class EvalReport:
    """All that one evaluation found.

    Attributes:
        source: as it was typed. notes: what the figures cannot tell, one sentence each.
        answered: the queries one by one, of every ranking of texts that look for videos.
        main_ranking: the one of them that a person cares for.
        measurements: the rows that are measured again every night.
        gallery: opens what the queries looked for, by the settings; None where nothing was asked.
    """

    source: str
    encoder: str
    rows: list[EvalRow] = field(default_factory=list)
    differences: list[EvalDifference] = field(default_factory=list)
    gates: list[Gate] = field(default_factory=list)
    left_out: list[LeftOut] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    answered: list[AnsweredQueries] = field(default_factory=list)
    measurements: list[Measurement] = field(default_factory=list)
    main_ranking: str = ""
    gallery: Callable[[Config], AbstractContextManager[Gallery]] | None = None


def row_of(
    ranked: RankedQueries,
    benchmark: str,
    *,
    sampling: str,
    queries_from: str = "captions",
    domain: str | None = None,
    missing: int | None = 0,
) -> EvalRow:
    """The figures of one ranking."""
    from mediaindex.learn.evaluation.figures import figures_of, rounded

    return EvalRow(
        benchmark,
        ranked.direction,
        ranked.ranking,
        sampling,
        queries_from,
        domain,
        len(ranked.ranks),
        ranked.gallery,
        missing,
        rounded(figures_of(ranked)),
    )


def differences_between(
    ranked: Sequence[RankedQueries],
    against: Sequence[RankedQueries],
    names: tuple[str, str],
    benchmark: str,
    *,
    sampling: str,
    queries_from: str = "captions",
) -> list[EvalDifference]:
    """The paired differences of two rankings in the directions that both have.

    Args:
        ranked, against: one ranking each, by direction. names: by which the rows call them.
    """
    from mediaindex.learn.evaluation.figures import difference_of, rounded

    others = {one.direction: one for one in against}
    found = []
    for one in ranked:
        if one.direction in others:
            difference = difference_of(one, others[one.direction])
            metrics = rounded(difference.metrics)
            found.append(
                EvalDifference(
                    benchmark,
                    one.direction,
                    *names,
                    sampling,
                    queries_from,
                    len(one.ranks),
                    metrics,
                    difference.verdict,
                )
            )
    return found


def print_report(report: EvalReport, seconds: float, output: Output, page: Path | None = None) -> None:
    """Print what was found.

    Args:
        page: that was written of it; None where none was.
    """
    from mediaindex.learn.benchmarks.published import published_of

    published = published_of(report.source)
    output.data(
        {
            "source": report.source,
            "encoder": report.encoder,
            "rows": [asdict(row) for row in report.rows],
            "differences": [asdict(row) for row in report.differences],
            "published": [asdict(row) for row in published],
            "gates": [asdict(gate) for gate in report.gates],
            "regression": None,
            "left_out": [asdict(one) for one in report.left_out],
            "notes": report.notes,
            "report": None if page is None else str(page),
            "elapsed_seconds": round(seconds, 3),
        }
    )
    if report.rows:
        output.line(
            f"{report.source} with {report.encoder}: percent, and ranks, with 95 % intervals over videos"
        )
    print_rows(report.rows, output)
    for row in report.differences:
        figures = ", ".join(f"{name} {_signed(row.metrics[name])}" for name in ("R@1", "mAP"))
        output.line(f"{row.direction}  {row.ranking} less {row.against}: {figures}: {row.verdict}")
    _print_published(published, output)
    for gate in report.gates:
        output.line(f"{gate.component} {'on' if gate.on else 'off'}: {gate.reason}")
    for one in report.left_out[:NAMED]:
        output.line(f"left out {one.id}: {one.reason}")
    if len(report.left_out) > NAMED:
        output.line(f"left out {len(report.left_out) - NAMED} more (--json names them)")
    for note in report.notes:
        output.line(f"note: {note}")
    if page is not None:
        output.line(f"report: {page}")


def print_rows(rows: Sequence[EvalRow], output: Output) -> None:
    """Print a line for each row."""
    width = max((len(_name(row)) for row in rows), default=0)
    for row in rows:
        figures = "  ".join(f"{name} {_interval(row.metrics[name])}" for name in SHOWN if name in row.metrics)
        counts = f"{row.queries} queries, {row.gallery} items" + (
            f", {row.missing} missing" if row.missing else ""
        )
        output.line(f"{row.direction}  {_name(row):{width}}  {figures}  ({counts})")


def _print_published(rows: Sequence[Any], output: Output) -> None:
    if rows:
        output.line("published (* unverified):")
    for row in rows:
        figures = "  ".join(
            f"{name} {value:g}{'*' * (name in row.unverified)}" for name, value in row.metrics.items()
        )
        output.line(f"{row.direction}  {row.ranking}  {figures}")


def _name(row: EvalRow) -> str:
    parts = [row.ranking, "library sampling" * (row.sampling == "library" and row.benchmark != "library")]
    parts += [
        row.queries_from * (row.queries_from != "captions"),
        f"{row.domain} of domain" * bool(row.domain),
    ]
    return ", ".join(filter(None, parts)).replace("in of domain", "in domain")


def _interval(figure: Mapping[str, float]) -> str:
    return f"{figure['value']:.1f} [{figure['low']:.1f}, {figure['high']:.1f}]"


def _signed(figure: Mapping[str, float]) -> str:
    return f"{figure['value']:+.1f} [{figure['low']:+.1f}, {figure['high']:+.1f}]"
