"""Prove that the library's parts agree, and mend what can be mended."""

from __future__ import annotations

import argparse

from mediaindex.cli.shared.arguments import add_device
from mediaindex.cli.shared.output import Output
from mediaindex.cli.shared.writing import through_the_writer
from mediaindex.config import Config
from mediaindex.ingest.writer.requests import CheckRequest


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `check`."""
    parser.add_argument(
        "--repair", action="store_true", help="rebuild what is damaged from the cached frames"
    )
    add_device(parser)


def run(arguments: argparse.Namespace, config: Config, output: Output) -> int:
    """Check, and print each problem in a line."""
    from mediaindex.store.library import open_library

    with open_library(config.library) as library:
        outcome = through_the_writer(library, config, output, CheckRequest(repair=arguments.repair))
    result = outcome.result
    output.data({"ok": outcome.exit_code == 0, **result})
    output.line(f"{result['videos']} videos, {result['vectors']} vectors, {result['frames']} cached frames")
    for problem in result["problems"]:
        output.line(problem)
    if result.get("decode_again"):
        output.line(f"{result['decode_again']} videos must be decoded again: run 'mediaindex index' on them")
    if not result["problems"]:
        output.line("nothing is wrong")
    elif arguments.repair:
        output.line("repaired" if result["repaired"] else "not everything could be repaired")
    else:
        output.say("run 'mediaindex check --repair' to mend this")
    return outcome.exit_code
