"""Show what the library holds, what waits, and what could not be read."""

from __future__ import annotations

import argparse
from typing import Any

from mediaindex.assembly.overview import library_values
from mediaindex.cli.shared.output import Output
from mediaindex.cli.shared.source_lines import source_lines
from mediaindex.config import Config
from mediaindex.safe_text import counted, format_seconds, printable
from mediaindex.search.ranking.gate import SHIPPED


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """`status` has no options of its own."""


def run(arguments: argparse.Namespace, config: Config, output: Output) -> int:
    """Print counts, sizes, spaces, failures."""
    from mediaindex.store.library import open_library

    with open_library(config.library) as library:
        values = library_values(library)
        with library.read() as connection:
            sources = source_lines(connection, values["sources"])
    output.data(values)
    output.line(f"{values['library']}: {values['videos']} videos, {format_seconds(values['media_seconds'])}")
    output.line(
        f"{values['locations']} files, {values['offline']} offline, {values['missing']} missing, "
        f"{values['forgotten']} forgotten; "
        f"{values['frames']} frames in {values['segments']} segments"
    )
    if any((notes := values["notes"]).values()):
        output.line(
            f"{counted(notes['captions'], 'caption')}, {counted(notes['marks'], 'mark')}, "
            f"{counted(notes['saved'], 'saved search', 'saved searches')}; "
            f"{counted(notes['picks'], 'moment')} opened"
        )
    for name, size in values["bytes"].items():
        output.line(f"  {name:12} {size / 1e6:10.1f} MB")
    for space in values["spaces"]:
        output.line(f"encoder {space['encoder']}: {space['vectors']} vectors, {space['state']}")
        if (evidence := space["evidence"]) is not None and evidence["vectors"] < evidence["of"]:
            output.line(f"  {evidence_line(evidence)}")
    for line in _ranking_lines(values):
        output.line(line)
    for line in sources:
        output.line(f"source {line}")
    for row in values["failures"]:
        output.line(f"{row['state']:8} {row['path']}: {row['reason']}")
    if values["writer"] is not None:
        output.line(
            f"process {values['writer']['pid']} is writing; {values['queue']['requests']} requests wait"
        )
    return 0


def _ranking_lines(values: dict[str, Any]) -> list[str]:
    """What ranks, whether it is on, and what the last evaluation found."""
    confidence, personal, evaluated = (values[key] for key in ("confidence", "personal", "last_evaluation"))
    return [
        f"hub correction: {gate_text(values['hubs'])}",
        f"confidence of pictures: {'on' if confidence['on'] else 'off'}, {confidence['reason']}",
        *(f"generator {row['generator']}: {gate_text(row)}" for row in values["rerank"]),
        *([] if personal is None else [f"personal ranking: {personal_line(personal)}"]),
        *([] if evaluated is None else [f"last evaluation {evaluation_line(evaluated)}"]),
    ]


def gate_text(row: dict[str, Any]) -> str:
    """Whether a part of the ranking is on, what decided so, and why."""
    state = "on" if row["on"] else "off"
    by, reason = row["by"], row["reason"]
    return f"{state} by {by}: {reason}" if by.startswith(SHIPPED) else f"{state}, {reason}"


def personal_line(personal: dict[str, str | None]) -> str:
    """Which personal ranking is in use, and which one 'models use previous' goes back to."""
    now, before = (personal[key] or "none" for key in ("generator", "previous"))
    return f"{now}, before it {before} ('mediaindex models use previous')"


def evidence_line(evidence: dict[str, Any]) -> str:
    """How much of a space has evidence of regions, and what gives the rest some."""
    line = f"{evidence['vectors']} of {evidence['of']} frames have evidence for a generator; "
    line += "'mediaindex index' makes it from the cached frames"
    if not (evicted := evidence["evicted_videos"]):
        return line
    named = f", such as {printable(evidence['evicted'][0])}" if evidence["evicted"] else ""
    return f"{line}, those of {evicted} videos are gone from it{named}: 'mediaindex index --redecode PATH'"


def evaluation_line(evaluated: dict[str, Any]) -> str:
    """When the last evaluation was, what it found, and where its page lies."""
    when = evaluated["at"][:16].replace("T", " ")
    line = f"{when}: {evaluated['line']}"
    line += " (another encoder served searches then)" * evaluated["older_than_space"]
    return line if evaluated["report"] is None else f"{line}; page {evaluated['report']}"
