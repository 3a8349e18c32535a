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
        f"{trained_of(report)}, {made},",
        f"{report['marks']} marked queries and {report['picks']} picks. It ranks what the encoder {encoder}",
        f"({printable(report['digest'][:12])}) finds in this library; of any other it tells nothing.",
        f"{rehearsed_of(report)}.",
        "",
        "| weight of | shipped | personal |",
        "|---|--:|--:|",
        *(f"| {name} | {before:.3f} | {after:.3f} |" for name, before, after in weights),
        "",
        "## What was tried",
        "",
        "Mean loss of a list, its video held out. The first that is no more than the tolerance, one standard",
        f"error ({report['tolerance']:g}), above the least was taken.",
        "",
        *_tried(report),
        "",
        "## Rankings",
        "",
        "Percent, with 95 % intervals resampled by video; MRR is times 100. Each caption is ranked by",
        f"what never saw its video: {report['folds']} folds.",
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


def trained_of(report: Mapping[str, Any]) -> str:
    """What was trained, as the beginning of a sentence."""
    if report["level"] == "shipped":
        return "Five weights in the shipped order"
    if report["level"] == "weights":
        return f"Five weights, held to the shipped ones as by {report['strength']:g} captions"
    what = "the last layers of the scorer's text side"
    if report["level"] == "text side":
        what = "the whole text side of the scorer"
    return f"Five weights and {what}, {report['steps']} steps from the shipped ones"


def rehearsed_of(report: Mapping[str, Any]) -> str:
    """What kept it to what ships, as a sentence without its stop."""
    if not report["photographs"]:
        encoder = printable(report["encoder"])
        return f"No photographs of a training are known for {encoder}: what ships is kept by the prior alone"
    before, after = report["shipped_photograph_loss"], report["photograph_loss"]
    return (
        f"{report['photographs']} photographs of the shipped training, which a text side rehearses: their "
        f"loss is {after:.3f}, by the shipped ranking {before:.3f}"
    )


def _tried(report: Mapping[str, Any]) -> list[str]:
    """A table of all that was tried."""
    lines = ["| trained | held as by captions | steps | held-out loss |", "|---|--:|--:|--:|"]
    for row in report["tried"]:
        held, steps, loss = (
            "" if row[key] is None else f"{row[key]:g}" for key in ("strength", "steps", "loss")
        )
        lines.append(f"| {row['level']} | {held} | {steps} | {loss or 'stopped before'} |")
    return lines


def _between(row: Mapping[str, Any]) -> str:
    return f"{row['ranking']} less {row['against']}"


def _table(what: str, rows: Iterable[tuple[str, Mapping[str, Any]]], *, signed: bool = False) -> list[str]:
    lines = [f"| {what} | captions | {' | '.join(FIGURES)} |", "|---|--:|---|---|---|"]
    for name, row in rows:
        figures = " | ".join(interval(row["metrics"][figure], signed=signed) for figure in FIGURES)
        lines.append(f"| {printable(name)} | {row['queries']} | {figures} |")
    return lines
