"""Take videos out of the library; the files themselves are never touched."""

from __future__ import annotations

import argparse
import contextlib
import time
from pathlib import Path

from mediaindex.assembly.paths import absolute_unless_empty, stored_names
from mediaindex.cli.shared.output import Output
from mediaindex.cli.shared.writing import through_the_writer
from mediaindex.config import Config
from mediaindex.errors import UsageError
from mediaindex.ingest.writer.requests import ForgetRequest


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `forget`."""
    parser.add_argument("paths", nargs="*", metavar="PATH", help="video or folder")
    parser.add_argument("--dry-run", action="store_true", help="only say what would be done")
    how = parser.add_mutually_exclusive_group()
    how.add_argument(
        "--undo",
        action="store_true",
        help="show again what was forgotten: these paths, or what the last 'forget' took (within 30 days)",
    )
    how.add_argument("--now", action="store_true", help="remove at once; it cannot be undone")


def run(arguments: argparse.Namespace, config: Config, output: Output) -> int:
    """Forget, or undo it, and print the paths that were hidden or are shown again."""
    from mediaindex.store.forgetting import last_forgetting
    from mediaindex.store.library import open_library
    from mediaindex.store.reserve import reserve_given_up

    typed = tuple(absolute_unless_empty(path) for path in arguments.paths)
    if not typed and not arguments.undo:
        raise UsageError("forget what? Name videos or folders, or undo the last 'forget' with --undo")
    makes_room = arguments.now and not arguments.dry_run
    room = reserve_given_up(config.library) if makes_room else contextlib.nullcontext()
    with room, open_library(config.library) as library:
        paths = tuple(name for path in typed for name in stored_names(library, path))
        at = time.time()
        if arguments.undo and not paths:
            with library.read() as connection:
                at = last_forgetting(connection, now=at) or at
        request = ForgetRequest(
            paths,
            at=at,
            undo=arguments.undo,
            now=arguments.now,
            dry_run=arguments.dry_run,
        )
        outcome = through_the_writer(library, config, output, request)
    changed = outcome.result["restored" if arguments.undo else "forgotten"]
    if not changed:
        raise UsageError(_nothing(typed, undo=arguments.undo))
    output.data({**outcome.result, "dry_run": arguments.dry_run})
    verb = {
        (False, False): "forgot",
        (False, True): "would forget",
        (True, False): "shows again",
        (True, True): "would show again",
    }[arguments.undo, arguments.dry_run]
    for path in changed:
        output.line(f"{verb} {path}")
    if not (arguments.undo or arguments.now or arguments.dry_run):
        output.say("'mediaindex forget --undo' shows this again, for 30 days")
    return outcome.exit_code


def _nothing(paths: tuple[Path, ...], *, undo: bool) -> str:
    """Why nothing was forgotten or shown again."""
    listed = ", ".join(map(str, paths))
    if not undo:
        return f"nothing in {listed} is indexed, or it is forgotten already"
    return f"nothing in {listed} is forgotten" if paths else "nothing was forgotten in the last 30 days"
