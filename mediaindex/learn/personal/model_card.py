"""The model card that lies beside a personal ranking, in Markdown."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from mediaindex.learn.training.model_card import interval
from mediaindex.safe_text import printable

FIGURES = ("R@1", "R@10", "MRR")
NUMBERS = ("similarity", "L1", "L2", "L3", "−hub")


def personal_card(report: Mapping[str, Any]) -> str:
    """The card of a personal ranking by its report, as `mediaindex train` prints it with --json."""
    encoder, gate = printable(report["encoder"]), report["gates"][0]
    weights = zip(NUMBERS, report["shipped_weights"], report["weights"], strict=True)
    made = f"made by `mediaindex train` of {report['captions']} captions of {report['videos']} videos"
    lines = [
        f"# A personal ranking for {encoder}",
        "",
        f"Five weights, {_held(report['strength'])}, {made},",
        f"{report['marks']} marked queries and {report['picks']} picks. It ranks what the encoder {encoder}",
        f"({printable(report['digest'][:12])}) finds in this library; of any other it tells nothing.",
        "",
        "| weight of | shipped | personal |",
        "|---|--:|--:|",
        *(f"| {name} | {before:.3f} | {after:.3f} |" for name, before, after in weights),
        "",
        "## Rankings",
        "",
        "Percent, with 95 % intervals resampled by video; MRR is times 100. Each caption is ranked by",
        f"weights that never saw its video: {report['folds']} folds.",
        "",
        *_table("ranking", ((row["ranking"], row) for row in report["rows"])),
        "",
        "## Differences, in points",
        "",
        *_table("rankings", ((_between(row), row) for row in report["differences"]), signed=True),
        "",
        "## Gate",
        "",
        f"{'on' if gate['on'] else 'off'}: {printable(gate['reason'])}.",
        "",
    ]
    return "\n".join(lines)


def _held(strength: float | None) -> str:
    return (
        "in the shipped order"
        if strength is None
        else f"held to the shipped ones as by {strength:g} captions"
    )


def _between(row: Mapping[str, Any]) -> str:
    return f"{row['ranking']} less {row['against']}"


def _table(what: str, rows: Iterable[tuple[str, Mapping[str, Any]]], *, signed: bool = False) -> list[str]:
    lines = [f"| {what} | captions | {' | '.join(FIGURES)} |", "|---|--:|---|---|---|"]
    for name, row in rows:
        figures = " | ".join(interval(row["metrics"][figure], signed=signed) for figure in FIGURES)
        lines.append(f"| {printable(name)} | {row['queries']} | {figures} |")
    return lines
