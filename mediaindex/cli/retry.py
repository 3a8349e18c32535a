"""Try files again that could not be read."""

from __future__ import annotations

import argparse

from mediaindex.assembly.paths import absolute_unless_empty, stored_names
from mediaindex.cli.shared.arguments import add_device
from mediaindex.cli.shared.output import Output
from mediaindex.cli.shared.report import print_report
from mediaindex.cli.shared.writing import through_the_writer
from mediaindex.config import Config
from mediaindex.ingest.writer.requests import RetryRequest


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `retry`."""
    parser.add_argument("paths", nargs="*", metavar="PATH", help="only these files or folders (default: all)")
    add_device(parser)


def run(arguments: argparse.Namespace, config: Config, output: Output) -> int:
    """Forget the failures and index their files once more."""
    from mediaindex.store.library import open_library

    typed = [absolute_unless_empty(path) for path in arguments.paths]
    with open_library(config.library) as library:
        paths = tuple(name for path in typed for name in stored_names(library, path))
        outcome = through_the_writer(library, config, output, RetryRequest(paths))
    output.data(outcome.result)
    output.line(f"{outcome.result['retried']} files tried again")
    print_report(outcome.result, output)
    return outcome.exit_code
