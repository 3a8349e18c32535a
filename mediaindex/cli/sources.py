"""Choose the folders that are watched, at any time."""

from __future__ import annotations

import argparse
import os
import time
from pathlib import Path
from typing import TYPE_CHECKING

from mediaindex.assembly.overview import source_rows
from mediaindex.assembly.paths import absolute_unless_empty, check_root, names_of_place, stored_name
from mediaindex.cli.shared.arguments import add_shared
from mediaindex.cli.shared.output import Output
from mediaindex.cli.shared.source_lines import source_lines
from mediaindex.config import Config
from mediaindex.errors import UsageError

if TYPE_CHECKING:
    from mediaindex.store.library import Library


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `sources`."""
    actions = parser.add_subparsers(dest="action", required=True, metavar="list|add|remove|confirm")
    list_parser = actions.add_parser(
        "list", help="the folders, what is known below each, and how it is followed"
    )
    add_parser = actions.add_parser("add", help="follow a folder from now on, or change how")
    remove_parser = actions.add_parser("remove", help="follow a folder no more; its videos stay")
    remove_parser.add_argument("--forget", action="store_true", help="forget its videos too (can be undone)")
    confirm_parser = actions.add_parser(
        "confirm", help="what is missing there was deleted on purpose: forget it (can be undone)"
    )
    add_parser.add_argument(
        "--thumbnails",
        choices=("library", "none"),
        help="whether shown frames of its videos are kept as pictures (default: library)",
    )
    for action in (add_parser, remove_parser, confirm_parser):
        action.add_argument("path", metavar="PATH", help="a folder")
    for action in (list_parser, add_parser, remove_parser, confirm_parser):
        add_shared(action, again=True)


def run(arguments: argparse.Namespace, config: Config, output: Output) -> int:
    """Carry out one of the actions, and print the sources as they are then."""
    from mediaindex.store.library import open_library

    forgotten: tuple[Path, ...] = ()
    path = Path() if arguments.action == "list" else absolute_unless_empty(arguments.path)
    with open_library(config.library, create=arguments.action == "add") as library:
        match arguments.action:
            case "add":
                _add(library, path, arguments.thumbnails)
            case "remove":
                forgotten = _remove(library, _known_source(library, path), forget=arguments.forget)
            case "confirm":
                forgotten = _confirm(library, _known_source(library, path))
        with library.read() as connection:
            rows = source_rows(connection)
            lines = source_lines(connection, rows)
    output.data({"sources": rows, "forgotten": [str(path) for path in forgotten]})
    for path in forgotten:
        output.line(f"forgot {path}")
    for line in lines:
        output.line(line)
    return 0


def _add(library: Library, path: Path, thumbnails: str | None) -> None:
    """Follow a folder, or change whether its thumbnails are kept; None leaves that as it is."""
    from mediaindex.store import thumbnails as thumbnail_files
    from mediaindex.store.catalog import sources

    check_root(library, path)
    if os.path.exists(path) and not os.path.isdir(path):
        raise UsageError(f"{path} is no folder; 'mediaindex index' takes single files")
    name = stored_name(library, path)
    with library.write() as connection:
        sources.add_source(connection, name, thumbnails=thumbnails)
    if thumbnails == "none":
        thumbnail_files.remove_below(library, name)


def _remove(library: Library, path: Path, *, forget: bool) -> tuple[Path, ...]:
    """Follow a source no more; the paths that are forgotten with it."""
    from mediaindex.store import forgetting
    from mediaindex.store.catalog import sources

    with library.write() as connection:
        sources.remove_source(connection, path)
        if not forget:
            return ()
        return forgetting.forget(connection, [path], at=time.time()).paths


def _confirm(library: Library, path: Path) -> tuple[Path, ...]:
    """Forget what is missing below a source, and release the mass-deletion guard; the paths forgotten."""
    from mediaindex.ingest.reconcile import deletion_guard
    from mediaindex.store import forgetting

    with library.write() as connection:
        forgotten = forgetting.forget_missing(connection, path, at=time.time())
    deletion_guard.review(library, [path], time.time())
    return forgotten.paths


def _known_source(library: Library, path: Path) -> Path:
    """The source at a path, by the name that the library has for it.

    Raises:
        UsageError: it is none; names those there are.
    """
    from mediaindex.store.catalog import sources

    names = names_of_place(library, path)
    with library.read() as connection:
        known = [source.path for source in sources.all_sources(connection)]
    for name in (path, *names):
        if name in known:
            return name
    raise UsageError(f"{path} is no source ({', '.join(map(str, known)) or 'there is none'})")
