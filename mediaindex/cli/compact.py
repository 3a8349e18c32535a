"""Bring the library to its smallest and quickest form; what it holds stays as it is."""

from __future__ import annotations

import argparse

from mediaindex.cli.shared.arguments import add_no_wait
from mediaindex.cli.shared.output import Output
from mediaindex.cli.shared.writing import through_the_writer
from mediaindex.config import Config
from mediaindex.ingest.writer.requests import CompactRequest


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `compact`."""
    add_no_wait(parser)


def run(arguments: argparse.Namespace, config: Config, output: Output) -> int:
    """Compact, and print sizes before and after."""
    from mediaindex.store.library import open_library
    from mediaindex.store.reserve import reserve_given_up

    with reserve_given_up(config.library), open_library(config.library) as library:
        outcome = through_the_writer(library, config, output, CompactRequest(), wait=arguments.wait)
    result = outcome.result
    output.data(result)
    size, files, versions = result["bytes"], result["files"], result["versions"]
    output.line(
        f"{size['before'] / 1e6:.1f} MB in {files['before']} files, "
        f"now {size['after'] / 1e6:.1f} MB in {files['after']}"
    )
    output.line(f"{versions['before']} versions of the vectors, now {versions['after']}")
    if result["postponed"]:
        output.say("a backup is being copied: nothing was removed; run it again afterwards")
    return outcome.exit_code
