"""Say in your own words what is seen in a moment; searches find it by them."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

from mediaindex.assembly.paths import absolute_unless_empty, stored_name, stored_names
from mediaindex.cli.shared.arguments import add_shared, whole
from mediaindex.cli.shared.output import Output
from mediaindex.cli.shared.typed_moments import moment_of
from mediaindex.config import Config
from mediaindex.errors import DONE, SOME_MEDIA_FAILED, UsageError
from mediaindex.safe_text import counted, format_seconds

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from mediaindex.learn.captions.importing import Imported
    from mediaindex.store.library import Library
    from mediaindex.store.notes.captions import Caption
    from mediaindex.store.notes.waiting import Waiting


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `caption`."""
    actions = parser.add_subparsers(
        dest="action", required=True, metavar="add|edit|list|remove|import|export"
    )
    add_parser = actions.add_parser("add", help="keep a caption on a moment")
    add_parser.add_argument(
        "moment",
        metavar="RANK|PATH@START[-END]",
        help="a moment of the last answer, or of an indexed video (to the end of its segment without END)",
    )
    add_parser.add_argument("text", metavar="TEXT", help="what is seen")
    edit_parser = actions.add_parser("edit", help="give a caption another text")
    edit_parser.add_argument("id", type=whole, metavar="ID", help="as 'caption list' has it")
    edit_parser.add_argument("text", metavar="TEXT", help="what is seen")
    list_parser = actions.add_parser("list", help="the captions, by video and time")
    remove_parser = actions.add_parser("remove", help="remove captions for good")
    remove_parser.add_argument("ids", type=whole, nargs="+", metavar="ID", help="as 'caption list' has it")
    import_parser = actions.add_parser("import", help="keep the captions of files, each once")
    import_parser.add_argument(
        "files",
        nargs="+",
        metavar="FILE|FOLDER",
        help="CSV or JSON Lines (path, start_seconds, end_seconds, caption, language), MSR-VTT JSON; SRT, "
        "WebVTT or lines such as '1:15 a red boat' (.txt) beside the film whose name they bear",
    )
    export_parser = actions.add_parser("export", help="write the captions to a table")
    export_parser.add_argument(
        "--out", required=True, metavar="FILE", help="a new file, .csv or .jsonl; 'caption import' reads it"
    )
    for action in (list_parser, export_parser):
        action.add_argument("--in", dest="within", metavar="PATH", help="only of this folder or video")
    for action in (add_parser, edit_parser, list_parser, remove_parser, import_parser, export_parser):
        add_shared(action, again=True)


def run(arguments: argparse.Namespace, config: Config, output: Output) -> int:
    """Carry out one of the actions, and print the captions that it is about."""
    from mediaindex.store.library import open_library

    with open_library(config.library) as library:
        match arguments.action:
            case "import":
                return _print_imported(_imported(library, arguments.files), output)
            case "export":
                return _exported(library, arguments.out, arguments.within, output)
            case "add":
                found = [_row(_added(library, arguments.moment, arguments.text))]
            case "edit":
                found = [_edited(library, arguments.id, arguments.text)]
            case "list":
                found = _listed(library, arguments.within)
            case _:
                found = _removed(library, arguments.ids)
    output.data({"captions": found})
    for row in found:
        output.line(_line(row))
    return DONE


def _added(library: Library, typed: str, text: str) -> Caption:
    from mediaindex.embed.language import language_of_text
    from mediaindex.store.notes import captions

    moment = moment_of(library, typed)
    language = language_of_text(text)
    with library.write() as connection:
        return captions.add(connection, moment.video_id, moment.start, moment.end, text, language=language)


def _edited(library: Library, number: int, text: str) -> dict[str, Any]:
    from mediaindex.embed.language import language_of_text
    from mediaindex.store.notes import captions

    _known(library, [number])
    language = language_of_text(text)
    with library.write() as connection:
        captions.edit(connection, number, text, language=language)
    return _known(library, [number])[number]


def _listed(library: Library, within: str | None) -> list[dict[str, Any]]:
    from mediaindex.store.catalog.locations import locations_below

    names = _names(library, within)
    found = _rows(library, names)
    with library.read() as connection:
        if not found and within is not None and not locations_below(connection, names):
            raise UsageError(f"nothing in {within} is indexed; 'mediaindex caption list' lists all")
    return found


def _removed(library: Library, ids: list[int]) -> list[dict[str, Any]]:
    """The captions that were removed: all of these, or none where one of them is not there."""
    from mediaindex.store.notes import captions

    # Their paths are looked up first: a disk that spins up must keep no writer waiting.
    known = _known(library, ids)
    with library.write() as connection:
        removed = captions.remove(connection, ids)
    return [known[number] for number in removed]


def _imported(library: Library, typed: Sequence[str]) -> Imported:
    from mediaindex.embed.language import language_of_text
    from mediaindex.learn.captions.importing import import_captions

    paths = [absolute_unless_empty(one) for one in typed]
    return import_captions(
        library, paths, stored=lambda path: stored_name(library, path), detect=language_of_text
    )


def _print_imported(done: Imported, output: Output) -> int:
    waiting = [
        {"path": str(path), "reason": f"not in the library; captions that wait for it: {count}"}
        for path, count in done.waiting.items()
    ]
    skipped = [{"path": one.path, "reason": one.reason} for one in done.skipped]
    output.data(
        {"imported": done.imported, "unchanged": done.unchanged, "waiting": waiting, "skipped": skipped}
    )
    output.line(f"{counted(done.imported, 'caption')} imported, {done.unchanged} there already")
    for row in (*waiting, *skipped):
        output.say(f"{row['path']}: {row['reason']}")
    return SOME_MEDIA_FAILED if skipped else DONE


def _exported(library: Library, typed: str, within: str | None, output: Output) -> int:
    from mediaindex.learn.captions.exporting import export_captions

    out, names = absolute_unless_empty(typed), _names(library, within)
    with library.read() as connection:
        count = export_captions(connection, out, names)
    output.data({"path": str(out), "exported": count})
    output.line(f"{counted(count, 'caption')} written to {out}")
    return DONE


def _names(library: Library, within: str | None) -> tuple[Path, ...]:
    return () if within is None else stored_names(library, absolute_unless_empty(within))


def _known(library: Library, ids: Sequence[int]) -> dict[int, dict[str, Any]]:
    """The captions by their numbers.

    Raises:
        UsageError: one of these numbers is none.
    """
    known = {row["id"]: row for row in _rows(library)}
    if unknown := [str(number) for number in ids if number not in known]:
        raise UsageError(f"there is no caption {', '.join(unknown)}; see 'mediaindex caption list'")
    return known


def _rows(library: Library, names: Sequence[Path] = ()) -> list[dict[str, Any]]:
    """The captions of videos that are or were known, then those that wait for theirs."""
    from mediaindex.store.notes import captions, waiting

    with library.read() as connection:
        kept, late = captions.every(connection, names), waiting.every(connection, names)
    return [_row(one) for one in kept] + [_waiting_row(one) for one in late]


def _row(one: Caption) -> dict[str, Any]:
    return {
        "id": one.id,
        "path": str(one.path),
        "start_seconds": one.start_seconds,
        "end_seconds": one.end_seconds,
        "text": one.text,
        "language": one.language,
        "created_at": one.created_at,
        "video": "known" if one.video_id is not None else "gone",
    }


def _waiting_row(one: Waiting) -> dict[str, Any]:
    said = one.said
    return {
        "id": one.id,
        "path": str(one.path),
        "start_seconds": said.start_seconds,
        "end_seconds": said.end_seconds,
        "text": said.text,
        "language": said.language,
        "created_at": one.created_at,
        "video": "awaited",
    }


def _line(row: dict[str, Any]) -> str:
    times = [row["start_seconds"], row["end_seconds"]]
    span = " - ".join("?" if time is None else format_seconds(time) for time in times)
    notes = {"gone": "  [its content was changed or removed]", "awaited": "  [waits for its video]"}
    return f"{row['id']:>4}  {span}  {row['text']}  {row['path']}{notes.get(row['video'], '')}"
