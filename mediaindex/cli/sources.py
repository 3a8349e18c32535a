"""Choose the folders that are watched, at any time."""

from __future__ import annotations

import argparse
import os
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mediaindex.cli import add_shared
from mediaindex.cli.index import check_root
from mediaindex.cli.shared.output import Output
from mediaindex.config import Config
from mediaindex.errors import UsageError

if TYPE_CHECKING:
    import sqlalchemy as sa

    from mediaindex.store.library import Library


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `sources`."""
    actions = parser.add_subparsers(dest="action", required=True, metavar="list|add|remove|confirm")
    listed = actions.add_parser("list", help="the folders, what is known below each, and how it is followed")
    added = actions.add_parser("add", help="follow a folder from now on, or change how")
    removed = actions.add_parser("remove", help="follow a folder no more; its videos stay")
    removed.add_argument("--forget", action="store_true", help="forget its videos too (can be undone)")
    confirmed = actions.add_parser(
        "confirm", help="what is missing there was deleted on purpose: forget it (can be undone)"
    )
    added.add_argument(
        "--thumbnails",
        choices=("library", "none"),
        help="whether shown frames of its videos are kept as pictures (default: library)",
    )
    for action in (added, removed, confirmed):
        action.add_argument("path", metavar="PATH", help="a folder")
    for action in (listed, added, removed, confirmed):
        add_shared(action, again=True)


def run(arguments: argparse.Namespace, config: Config, output: Output) -> int:
    """Carry out one of the actions, and print the sources as they are then."""
    from mediaindex.store.library import open_library

    actions = {"list": _list, "add": _add, "remove": _remove, "confirm": _confirm}
    with open_library(config.library, create=arguments.action == "add") as library:
        forgotten = actions[arguments.action](library, arguments)
        with library.read() as connection:
            rows = source_rows(connection)
    output.data({"sources": rows, "forgotten": [str(path) for path in forgotten]})
    for path in forgotten:
        output.line(f"forgot {path}")
    for row in rows:
        output.line(described(row))
    return 0


def source_rows(connection: sa.Connection) -> list[dict[str, Any]]:
    """Every source as `sources` and `status` print it."""
    from mediaindex.store.catalog import sources

    rows = []
    for found in sources.all_sources(connection):
        places = sources.places_below(connection, found.path)
        rows.append(
            {
                "path": str(found.path),
                "online": os.path.exists(found.path),
                "files": places.known,
                "missing": places.missing,
                "held_since": found.held_since,
                "polled": found.polled,
                "thumbnails": found.thumbnails,
            }
        )
    return rows


def described(row: dict[str, Any]) -> str:
    """One source in a line."""
    notes = [f"{row['files']} files"]
    if row["missing"]:
        notes.append(f"{row['missing']} missing")
    if not row["online"]:
        notes.append("offline")
    if row["polled"] is not None:
        notes.append(f"polled: {row['polled']}")
    if row["thumbnails"] == "none":
        notes.append("no thumbnails")
    if row["held_since"] is not None:
        remedy = f"until they are back, or 'mediaindex sources confirm {row['path']}'"
        notes.append(f"so many at once that nothing is forgotten {remedy}")
    return f"{row['path']}: {', '.join(notes)}"


def _list(_library: Library, _arguments: argparse.Namespace) -> tuple[Path, ...]:
    return ()


def _add(library: Library, arguments: argparse.Namespace) -> tuple[Path, ...]:
    from mediaindex.store import thumbnails
    from mediaindex.store.catalog import sources

    path = _absolute(arguments.path)
    check_root(library, path)
    if os.path.exists(path) and not path.is_dir():
        raise UsageError(f"{path} is no folder; 'mediaindex index' takes single files")
    with library.write() as connection:
        sources.add_source(connection, path, thumbnails=arguments.thumbnails)
    if arguments.thumbnails == "none":
        thumbnails.remove_below(library, path)
    return ()


def _remove(library: Library, arguments: argparse.Namespace) -> tuple[Path, ...]:
    from mediaindex.store import forgetting
    from mediaindex.store.catalog import sources

    path = _known(library, arguments.path)
    with library.write() as connection:
        sources.remove_source(connection, path)
        if not arguments.forget:
            return ()
        return forgetting.forget(connection, [path], at=time.time()).paths


def _confirm(library: Library, arguments: argparse.Namespace) -> tuple[Path, ...]:
    from mediaindex.ingest.reconcile import deletion_guard
    from mediaindex.store import forgetting

    path = _known(library, arguments.path)
    with library.write() as connection:
        forgotten = forgetting.forget_missing(connection, path, at=time.time())
    deletion_guard.review(library, [path], time.time())
    return forgotten.paths


def _known(library: Library, text: str) -> Path:
    """The path of a source.

    Raises:
        UsageError: it is none.
    """
    from mediaindex.store.catalog import sources

    path = _absolute(text)
    with library.read() as connection:
        if sources.source_at(connection, path) is None:
            known = ", ".join(str(found.path) for found in sources.all_sources(connection)) or "there is none"
            raise UsageError(f"{path} is no source ({known})")
    return path


def _absolute(text: str) -> Path:
    return Path(os.path.abspath(os.path.expanduser(text)))
