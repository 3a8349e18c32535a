"""Open a moment of the last search in the player."""

from __future__ import annotations

import argparse
import contextlib
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mediaindex.assembly.paths import absence
from mediaindex.cli.shared.arguments import positive
from mediaindex.cli.shared.output import Output
from mediaindex.cli.shared.typed_moments import last_hit
from mediaindex.config import Config
from mediaindex.errors import NoSpace, UsageError, WriterBusy
from mediaindex.safe_text import format_seconds

if TYPE_CHECKING:
    from mediaindex.store.answers import LastAnswer
    from mediaindex.store.library import Library

PATIENCE_MS = 1000
"""The history waits no longer for another process's transaction."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `open`."""
    parser.add_argument("rank", type=positive, metavar="RANK", help="number of the moment in the last answer")
    parser.add_argument("--player", metavar="COMMAND", help="command with {path} and {seconds}")


def run(arguments: argparse.Namespace, config: Config, output: Output) -> int:
    """Start the player at the moment."""
    from mediaindex.export.open_moment import open_at
    from mediaindex.store.catalog.locations import is_hidden
    from mediaindex.store.library import open_library

    with open_library(config.library) as library:
        answer, hit = last_hit(library, arguments.rank)
        path = Path(hit["path"])
        with library.read() as connection:
            if is_hidden(connection, path):
                raise UsageError(f"{path} was forgotten; 'mediaindex forget --undo {path}' shows it again")
            if not os.path.exists(path):
                raise UsageError(f"{path}: {absence(connection, path)}")
        opened = open_at(path, hit["start_seconds"], command=config.player)
        if config.ui_history and answer.in_history:
            _remember(library, answer, hit)
    output.data({"path": str(path), "seconds": hit["start_seconds"], "command": list(opened.command)})
    output.line(f"{path} at {format_seconds(hit['start_seconds'])}")
    if opened.note:
        output.say(opened.note)
    return 0


def _remember(library: Library, answer: LastAnswer, hit: dict[str, Any]) -> None:
    """Note the moment in the history; the player runs, whether or not that can be written."""
    from mediaindex.store.catalog import lookup
    from mediaindex.store.notes import history

    with contextlib.suppress(NoSpace, WriterBusy), library.write(patience_ms=PATIENCE_MS) as connection:
        video_id = lookup.video_at(connection, Path(hit["path"]))
        if video_id is not None:
            history.record(connection, answer.query, video_id, hit["start_seconds"], asked_at=answer.asked_at)
