"""Keep searches to ask them again."""

from __future__ import annotations

import argparse
from dataclasses import asdict
from typing import TYPE_CHECKING

from mediaindex.cli.shared.arguments import add_shared, whole
from mediaindex.cli.shared.output import Output
from mediaindex.config import Config
from mediaindex.errors import UsageError

if TYPE_CHECKING:
    from mediaindex.store.library import Library
    from mediaindex.store.notes.saved import SavedSearch


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `saved`."""
    actions = parser.add_subparsers(dest="action", required=True, metavar="list|add|remove")
    list_parser = actions.add_parser("list", help="the saved searches, the newest first")
    add_parser = actions.add_parser("add", help="save a search, as 'search' takes it")
    add_parser.add_argument("text", metavar="TEXT", help="what to look for")
    remove_parser = actions.add_parser("remove", help="remove saved searches for good")
    remove_parser.add_argument("ids", type=whole, nargs="+", metavar="ID", help="as 'saved list' has it")
    for action in (list_parser, add_parser, remove_parser):
        add_shared(action, again=True)


def run(arguments: argparse.Namespace, config: Config, output: Output) -> int:
    """Carry out one of the actions, and print the saved searches that it is about."""
    from mediaindex.store.library import open_library
    from mediaindex.store.notes import saved

    with open_library(config.library) as library:
        match arguments.action:
            case "add":
                with library.write() as connection:
                    found = [saved.save(connection, arguments.text)]
            case "list":
                with library.read() as connection:
                    found = saved.every(connection)
            case _:
                found = _removed(library, arguments.ids)
    output.data({"saved": [asdict(one) for one in found]})
    for one in found:
        output.line(f"{one.id:>4}  {one.text}")
    return 0


def _removed(library: Library, ids: list[int]) -> list[SavedSearch]:
    """The searches that were removed: all of these, or none where one of them is not there."""
    from mediaindex.store.notes import saved

    with library.write() as connection:
        known = {one.id: one for one in saved.every(connection)}
        if unknown := [str(number) for number in ids if number not in known]:
            raise UsageError(f"there is no saved search {', '.join(unknown)}; see 'mediaindex saved list'")
        removed = saved.remove(connection, ids)
    return [known[number] for number in removed]
