"""Remove videos from the library; the files themselves are never touched."""

from __future__ import annotations

import argparse
import os

from mediaindex.cli.output import Output
from mediaindex.cli.writing import through_the_writer
from mediaindex.config import Config
from mediaindex.errors import UsageError


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `forget`."""
    parser.add_argument("paths", nargs="+", metavar="PATH", help="video or folder")
    parser.add_argument("--dry-run", action="store_true", help="only say what would be forgotten")


def run(arguments: argparse.Namespace, config: Config, output: Output) -> int:
    """Forget, and print what went."""
    from mediaindex.store.library import open_library

    paths = [os.path.abspath(os.path.expanduser(path)) for path in arguments.paths]
    with open_library(config.library) as library:
        wanted = {"paths": paths, "dry_run": arguments.dry_run}
        outcome = through_the_writer(library, config, output, "forget", wanted)
    if not outcome.result["forgotten"]:
        raise UsageError(f"nothing in {', '.join(paths)} is indexed")
    output.data({**outcome.result, "dry_run": arguments.dry_run})
    for path in outcome.result["forgotten"]:
        output.line(f"{'would forget' if arguments.dry_run else 'forgot'} {path}")
    return outcome.exit_code
