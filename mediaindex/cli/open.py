"""Open a moment of the last search in the player."""

from __future__ import annotations

import argparse
import os
from pathlib import Path

from mediaindex.cli.shared.arguments import positive
from mediaindex.cli.shared.output import Output
from mediaindex.cli.shared.paths import absence
from mediaindex.config import Config
from mediaindex.errors import UsageError
from mediaindex.safe_text import format_seconds


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `open`."""
    parser.add_argument("rank", type=positive, metavar="RANK", help="number of the moment in the last answer")
    parser.add_argument("--player", metavar="COMMAND", help="command with {path} and {seconds}")


def run(arguments: argparse.Namespace, config: Config, output: Output) -> int:
    """Start the player at the moment."""
    from mediaindex.export.open_moment import open_at
    from mediaindex.store.answers import last
    from mediaindex.store.catalog.locations import is_hidden
    from mediaindex.store.library import open_library

    with open_library(config.library) as library:
        last_answer = last(library)
        if last_answer is None:
            raise UsageError("nothing was searched in this library yet; run 'mediaindex search TEXT' first")
        query, hits = last_answer
        if arguments.rank > len(hits):
            raise UsageError(
                f"the last answer ({query}) has {len(hits)} moments; there is no {arguments.rank}"
            )
        hit = hits[arguments.rank - 1]
        path = Path(hit["path"])
        with library.read() as connection:
            if is_hidden(connection, path):
                raise UsageError(f"{path} was forgotten; 'mediaindex forget --undo {path}' shows it again")
            if not os.path.exists(path):
                raise UsageError(f"{path}: {absence(connection, path)}")
    opened = open_at(path, hit["start_seconds"], command=config.player)
    output.data({"path": str(path), "seconds": hit["start_seconds"], "command": list(opened.command)})
    output.line(f"{path} at {format_seconds(hit['start_seconds'])}")
    if opened.note:
        output.say(opened.note)
    return 0
