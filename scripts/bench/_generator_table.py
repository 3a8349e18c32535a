"""The tables of the generator benchmark, as Markdown and as rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from bench._generator_results import CORRECTED, METRICS, Result, named
from bench._report import Row

from mediaindex.learn.evaluation.metrics import Interval

BOUNDED = ("R@1", "R@10", "MRR")
_COLUMNS = (
    *("of", "asks", "ranking", "seeds", "constants", *METRICS),
    *("R@1 less", "MRR less", "than", "ceiling", "loss", "ms"),
)


@dataclass(frozen=True, slots=True, eq=False)
class Comparison:
    """A ranking and the one it is compared with; `title` names the queries or the variant."""

    title: str
    result: Result
    against: Result


def rows_of(comparisons: Sequence[Comparison]) -> list[Row]:
    """Every figure, and the bounds of every difference."""
    rows = []
    for comparison in comparisons:
        own, other = comparison.result, comparison.against
        what = f"{comparison.title}, {own.trial.direction}, {own.name}"
        rows += [Row(f"{what}: {metric}", own.value(metric), "%", other.value(metric)) for metric in METRICS]
        for metric in BOUNDED:
            gain = own.gain(other, metric)
            than = f"{what}: {metric} less that of {other.name}"
            rows.append(Row(than, gain.value, "points"))
            rows.append(Row(f"{than}, lower 95 % bound", gain.low, "points"))
            rows.append(Row(f"{than}, upper 95 % bound", gain.high, "points"))
        optional = (
            ("found among the candidates", own.ceiling, "%"),
            ("loss at the noisiest step", own.loss, "nats"),
            ("time a query", own.milliseconds, "ms"),
        )
        rows += [Row(f"{what}: {name}", value, unit) for name, value, unit in optional if value is not None]
    return rows


def markdown(title: str, comparisons: Sequence[Comparison]) -> str:
    """One table; differences with their 95 % intervals."""
    lines = [
        f"**{title}**",
        "",
        f"| {' | '.join(_COLUMNS)} |",
        "|---|---|---|--:|---|--:|--:|--:|--:|--:|--:|---|--:|--:|--:|",
    ]
    for comparison in comparisons:
        own, other = comparison.result, comparison.against
        figures = [f"{own.value(metric):.2f}" for metric in METRICS]
        itself = own is other
        gains = (
            ["", "", ""]
            if itself
            else [*(_with_interval(own.gain(other, m)) for m in ("R@1", "MRR")), other.name]
        )
        ceiling = "" if own.ceiling is None else f"{own.ceiling:.1f} (K = {own.candidates})"
        cells = [
            comparison.title,
            own.trial.direction,
            own.name,
            str(len(own.ranks)) if own.candidates else "",
            own.constants,
            *figures,
            *gains,
            ceiling,
            _number(own.loss),
            _number(own.milliseconds),
        ]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def markdown_by_weight(title: str, by_weight: Mapping[float, Sequence[Comparison]]) -> str:
    """One row a constant, one column a set of queries; differences in R@1 with their 95 % intervals."""
    first = next(iter(by_weight.values()))
    names = [_queries_of(comparison) for comparison in first]
    lines = [f"**{title}**", "", f"| c | {' | '.join(names)} |", f"|--:|{'---|' * len(names)}"]
    for weight, comparisons in by_weight.items():
        gains = [
            _with_interval(comparison.result.gain(comparison.against, "R@1")) for comparison in comparisons
        ]
        lines.append(f"| {weight:g} | {' | '.join(gains)} |")
    return "\n".join(lines)


def _queries_of(comparison: Comparison) -> str:
    _constant, _, source = comparison.title.partition(", ")
    return f"{source}, left out" if source else f"all, {comparison.result.trial.direction}"


def over_corrected(title: str, results: Sequence[Result]) -> list[Comparison]:
    """Each beside the corrected similarity of its direction."""
    return [
        Comparison(title, result, named(results, CORRECTED, result.trial.direction)) for result in results
    ]


def _with_interval(gain: Interval) -> str:
    return f"{gain.value:+.2f} [{gain.low:+.2f}, {gain.high:+.2f}]"


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.2f}"
