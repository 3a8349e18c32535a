"""The model card that lies beside a trained generator, in Markdown."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mediaindex.safe_text import printable


def model_card(report: Mapping[str, Any]) -> str:
    """The card of a training by its report, as `mediaindex train` prints it with --json."""
    encoder, recipe, stage = (report[name] for name in ("encoder", "recipe", "stage"))
    lines = [
        f"# {printable(recipe)} for {printable(encoder)}",
        "",
        f"Stage {stage}, {report['steps']} steps, seed {report['seed']}, made by `mediaindex train`.",
        f"It ranks what the encoder {printable(encoder)} ({report['digest'][:12]}) finds; no other reads it.",
        "",
        "## Trained on",
        "",
        "| share | clips | captions | sources |",
        "|---|--:|--:|---|",
        *(_share(name, share) for name, share in report["data"].items() if share is not None),
        "",
        f"Measured on {report['measured_on']}; every constant comes from validation.",
        "",
        "## Rankings",
        "",
        "Percent, with 95 % intervals resampled by picture; MRR is times 100.",
        "",
        "| direction | ranking | queries | gallery | R@1 | R@5 | R@10 | MRR |",
        "|---|---|--:|--:|---|---|---|---|",
        *(_row(row) for row in report["rows"]),
        "",
        "## Differences, in points",
        "",
        "| direction | rankings | source | queries | R@1 | MRR |",
        "|---|---|---|--:|---|---|",
        *(_difference(row) for row in report["differences"]),
        "",
    ]
    if report["gates"]:
        lines += ["## Gate", ""]
        for gate in report["gates"]:
            lines += [f"{printable(gate['component'])} {_state(gate)}", ""]
    if report.get("hubs") is not None:
        lines += ["## Hub correction", "", _state(report["hubs"]), ""]
    if report.get("confidence") is not None:
        lines += _confidence(report["confidence"])
    if report.get("scorer") is not None:
        lines += ["## Mixture with the scorer of regions", "", _state(report["scorer"]), ""]
    return "\n".join(lines)


def interval(bounds: Mapping[str, float], *, signed: bool = False) -> str:
    """A value with its bounds, such as `1.50 [1.00, 2.00]`.

    Args:
        bounds: value, low and high.
    """
    form = "+.2f" if signed else ".2f"
    return f"{bounds['value']:{form}} [{bounds['low']:{form}}, {bounds['high']:{form}}]"


def _share(name: str, share: Mapping[str, Any]) -> str:
    sources = ", ".join(map(_cell, share["sources"]))
    return f"| {name} | {share['clips']} | {share['captions']} | {sources} |"


def _row(row: Mapping[str, Any]) -> str:
    figures = " | ".join(interval(row["metrics"][name]) for name in ("R@1", "R@5", "R@10", "MRR"))
    return f"| {row['direction']} | {row['ranking']} | {row['queries']} | {row['gallery']} | {figures} |"


def _difference(row: Mapping[str, Any]) -> str:
    figures = " | ".join(interval(row["metrics"][name], signed=True) for name in ("R@1", "MRR"))
    source = "all" if row["source"] is None else _cell(row["source"])
    source += ", not trained on" * row["left_out"]
    between = f"{row['ranking']} less {row['against']}"
    return f"| {row['direction']} | {between} | {source} | {row['queries']} | {figures} |"


def _cell(text: str) -> str:
    return printable(text).replace("|", "\\|")


def _state(gate: Mapping[str, Any]) -> str:
    return f"{'on' if gate['on'] else 'off'}: {printable(gate['reason'])}."


def _confidence(report: Mapping[str, Any]) -> list[str]:
    """How well the probability holds that a moment is what was asked for."""
    lines = ["## Confidence", "", f"{printable(report['reason'])}.", ""]
    if (held := report["reliability"]) is None:
        return lines
    shares = {
        "first moments that are right": held["right"],
        "confident": held["confident"],
        "confident, with an answer": held["confident_with_answer"],
        "confident, without one": held["confident_without_answer"],
        "of the confident ones, right": held["right_if_confident"],
    }
    return [
        *lines,
        (
            f"Of {held['questions']} questions, half of them without an answer: expected calibration error "
            f"{held['ece']:.3f}, Brier score {held['brier']:.3f}, skill {held['skill']:+.3f}."
        ),
        "",
        "| | % |",
        "|---|--:|",
        *(f"| {name} | {100 * share:.1f} |" for name, share in shares.items()),
        "",
        "| mean probability | share that is right | first moments |",
        "|--:|--:|--:|",
        *(f"| {row['probability']:.2f} | {row['right']:.2f} | {row['count']} |" for row in held["curve"]),
        "",
    ]
