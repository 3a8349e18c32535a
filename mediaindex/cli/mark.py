"""Mark moments as right or wrong for a query: 'search --marks' then looks for more of the right."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from mediaindex.cli.shared.arguments import whole
from mediaindex.cli.shared.output import Output
from mediaindex.cli.shared.typed_moments import moment_of
from mediaindex.config import Config
from mediaindex.errors import UsageError
from mediaindex.safe_text import format_seconds

if TYPE_CHECKING:
    import sqlalchemy as sa

    from mediaindex.store.library import Library
    from mediaindex.store.notes.marks import Mark


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `mark`."""
    parser.add_argument(
        "what",
        nargs="+",
        metavar="RANK|PATH@SECONDS|list|remove ID|clear",
        help="moments of the last answer or of indexed videos; or what to do with the marks that there are",
    )
    parser.add_argument("--wrong", action="store_true", help="they are not what the query asks for")
    parser.add_argument(
        "--query",
        metavar="TEXT",
        help="the query that they answer (default: that of the last answer); list and clear: its marks alone",
    )


def run(arguments: argparse.Namespace, config: Config, output: Output) -> int:
    """Mark moments, or list or remove marks; print the marks that this is about."""
    from mediaindex.store.library import open_library

    action, *rest = arguments.what
    actions: dict[str, Callable[[Library, Sequence[str], str | None], list[Mark]]] = {
        "list": _listed,
        "remove": _removed,
        "clear": _cleared,
    }
    if action in actions and arguments.wrong:
        raise UsageError(f"--wrong marks moments; 'mark {action}' has no use for it")
    with open_library(config.library) as library:
        if action in actions:
            found = actions[action](library, rest, arguments.query)
            rows = _rows(library, found)
        else:
            rows = _marked(library, arguments.what, arguments.query, is_right=not arguments.wrong)
    output.data({"marks": rows})
    for row in rows:
        word = "right" if row["right"] else "wrong"
        output.line(
            f"{row['id']:>4}  {word}  {row['query']}  {format_seconds(row['seconds'])}  {row['path']}"
        )
    return 0


def _marked(
    library: Library, typed: Sequence[str], query: str | None, *, is_right: bool
) -> list[dict[str, Any]]:
    from mediaindex.store.notes import marks

    moments = [moment_of(library, one) for one in typed]
    made: list[Mark] = []
    with library.write() as connection:
        for moment in moments:
            of = moment.query if query is None else query
            if of is None:
                raise UsageError("a mark is about a query; name it with --query TEXT")
            made.append(marks.put(connection, of, moment.video_id, moment.seconds, is_right=is_right))
    return _rows(library, made)


def _listed(library: Library, rest: Sequence[str], query: str | None) -> list[Mark]:
    _nothing_behind("list", rest)
    with library.read() as connection:
        return _those(connection, query)


def _removed(library: Library, rest: Sequence[str], query: str | None) -> list[Mark]:
    """All of the marks with these numbers, or none where one of them is not there."""
    from mediaindex.store.notes import marks

    if query is not None or not rest:
        raise UsageError("write 'mark remove ID…', or 'mark clear --query TEXT'")
    ids = [_number(one) for one in rest]
    with library.write() as connection:
        known = {one.id: one for one in marks.every(connection)}
        if unknown := [str(number) for number in ids if number not in known]:
            raise UsageError(f"there is no mark {', '.join(unknown)}; see 'mediaindex mark list'")
        removed = marks.remove(connection, ids)
    return [known[number] for number in removed]


def _cleared(library: Library, rest: Sequence[str], query: str | None) -> list[Mark]:
    from mediaindex.store.notes import marks

    _nothing_behind("clear", rest)
    with library.write() as connection:
        gone = _those(connection, query)
        marks.clear(connection, query)
    return gone


def _those(connection: sa.Connection, query: str | None) -> list[Mark]:
    from mediaindex.store.notes import marks

    return marks.every(connection) if query is None else marks.of_query(connection, query)


def _rows(library: Library, found: Sequence[Mark]) -> list[dict[str, Any]]:
    from mediaindex.store.notes.moments import paths_of, segments_at

    with library.read() as connection:
        paths = paths_of(connection, [one.video_id for one in found])
        segments = segments_at(connection, [(one.video_id, one.seconds) for one in found])
    return [
        {
            "id": one.id,
            "query": one.query,
            "path": str(paths[one.video_id]),
            "seconds": one.seconds,
            "segment_id": segments[one.video_id, one.seconds],
            "right": one.is_right,
            "created_at": one.created_at,
        }
        for one in found
        if one.video_id in paths  # else it was forgotten a moment ago
    ]


def _number(typed: str) -> int:
    try:
        return whole(typed)
    except argparse.ArgumentTypeError as error:
        raise UsageError(f"{error}; 'mediaindex mark list' has the numbers") from None


def _nothing_behind(action: str, rest: Sequence[str]) -> None:
    if rest:
        raise UsageError(
            f"'mark {action}' takes nothing behind it; --query TEXT chooses the marks of a query"
        )
