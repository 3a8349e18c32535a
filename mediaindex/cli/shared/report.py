"""The report of an index pass, for a person."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mediaindex.cli.shared.output import Output
from mediaindex.safe_text import format_seconds


def print_report(report: Mapping[str, Any], output: Output) -> None:
    """Print what a pass did: counts, then each file that was skipped or failed.

    Args:
        report: the result of an index or retry request.
    """
    if output.as_json:
        return
    counts = [
        f"{report[name]} {name}"
        for name in ("indexed", "unchanged", "moved", "copies", "offline")
        if report[name] or name == "indexed"
    ]
    duration = format_seconds(report["elapsed_seconds"])
    output.line(f"{', '.join(counts)}; {format_seconds(report['media_seconds'])} of video in {duration}")
    if not (report["videos"] or report["skipped"] or report["failed"] or report["offline"]):
        output.line("no videos were found here")
    for row in report["skipped"]:
        output.line(f"skipped {row['path']}: {row['reason']}")
    for row in report["failed"]:
        output.line(f"failed  {row['path']}: {row['reason']}")
