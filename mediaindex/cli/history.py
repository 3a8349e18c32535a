"""Show which moments were opened, and for which query; or forget that."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

from mediaindex.cli.shared.arguments import add_shared, positive
from mediaindex.cli.shared.output import Output
from mediaindex.config import Config
from mediaindex.safe_text import format_seconds

if TYPE_CHECKING:
    from mediaindex.store.library import Library

SHOWN = 100


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `history`."""
    actions = parser.add_subparsers(dest="action", required=True, metavar="list|clear")
    list_parser = actions.add_parser("list", help="the moments that were opened, the newest first")
    list_parser.add_argument(
        "--limit", type=positive, default=SHOWN, metavar="N", help=f"moments at the most ({SHOWN})"
    )
    clear_parser = actions.add_parser("clear", help="remove the history for good")
    for action in (list_parser, clear_parser):
        add_shared(action, again=True)


def run(arguments: argparse.Namespace, config: Config, output: Output) -> int:
    """Print the history, or remove it and print how much it was."""
    from mediaindex.store import answers
    from mediaindex.store.library import open_library
    from mediaindex.store.notes import history

    with open_library(config.library) as library:
        if arguments.action == "list":
            rows, removed = _rows(library, arguments.limit), 0
        else:
            with library.write() as connection:
                rows, removed = [], history.clear(connection)
                answers.forget_older(connection)
    output.data({"history": rows, "removed": removed})
    for row in rows:
        output.line(f"{row['id']:>4}  {row['query']}  {format_seconds(row['seconds'])}  {row['path']}")
    if arguments.action == "clear":
        output.line(f"removed {removed}")
    return 0


def _rows(library: Library, limit: int) -> list[dict[str, Any]]:
    from mediaindex.store.notes import history
    from mediaindex.store.notes.moments import paths_of, segments_at

    with library.read() as connection:
        picks = history.picks(connection, limit=limit)
        paths = paths_of(connection, [pick.video_id for pick in picks])
        segments = segments_at(connection, [(pick.video_id, pick.seconds) for pick in picks])
        return [
            {
                "id": pick.id,
                "asked_at": pick.asked_at,
                "query": pick.query,
                "path": str(paths[pick.video_id]),
                "seconds": pick.seconds,
                "segment_id": segments[pick.video_id, pick.seconds],
            }
            for pick in picks
        ]
