"""Put a backup in the place of the library; a library that was there is moved aside."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from mediaindex.assembly.paths import absolute_unless_empty
from mediaindex.cli.shared.arguments import add_device
from mediaindex.cli.shared.output import Output, ProgressLine, copy_progress
from mediaindex.config import Config
from mediaindex.errors import DONE, NoSpace, StoreError, UsageError

if TYPE_CHECKING:
    from mediaindex.ingest.writer.requests import Outcome


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `restore`."""
    parser.add_argument("folder", metavar="DIR", help="what 'backup' wrote")
    parser.add_argument(
        "--force", action="store_true", help="also where the library holds videos; it is moved aside"
    )
    add_device(parser)


def run(arguments: argparse.Namespace, config: Config, output: Output) -> int:
    """Restore, check that everything is there, and make vectors that are missing."""
    from mediaindex.store.layout import LOCK
    from mediaindex.store.lock import writer_lock
    from mediaindex.store.maintenance.backup import refuse_overlap
    from mediaindex.store.maintenance.restore import has_videos, restore, verify

    folder = absolute_unless_empty(arguments.folder)
    backup = verify(folder)
    root = config.library
    refuse_overlap(root, folder)
    _make_folder(root)
    with writer_lock(root / LOCK):
        if has_videos(root) and not arguments.force:
            raise UsageError(f"the library {root} holds videos; --force moves it aside and restores")
        with ProgressLine(output) as progress:
            restored = restore(root, backup, lambda copied, total: progress(copy_progress(copied, total)))
            outcome = _repair(config, progress)
    result = outcome.result
    problems = [*restored.problems, *result.get("problems", [])]
    sound = outcome.exit_code == DONE and not restored.lost
    output.data(
        {
            "library": str(root),
            "backup": str(folder),
            "videos": backup.description.videos,
            "aside": None if restored.aside is None else str(restored.aside),
            "files": [{"path": str(path), "bytes": size} for path, size in restored.files],
            "problems": problems,
            "repaired": bool(problems) and sound,
            "decode_again": result.get("decode_again", 0),
        }
    )
    output.line(f"{backup.description.videos} videos are in {root}")
    if restored.aside is not None:
        output.line(f"the library that was there is in {restored.aside}")
    for problem in problems:
        output.say(problem)
    _say_repair(outcome, output)
    return DONE if sound else outcome.exit_code or StoreError.exit_code


def _say_repair(outcome: Outcome, output: Output) -> None:
    """What is left to do after the check of the restored library."""
    result = outcome.result
    if result.get("decode_again"):
        output.say(f"{result['decode_again']} videos must be decoded again: run 'mediaindex index' on them")
    if outcome.error is not None:
        output.say(outcome.error)


def _make_folder(root: Path) -> None:
    from mediaindex.store.layout import make_private_folder

    try:
        make_private_folder(root)
    except OSError as error:
        raise NoSpace(
            f"the library {root} cannot be made: {error.strerror}; choose another --library"
        ) from error


def _repair(config: Config, progress: ProgressLine) -> Outcome:
    """The outcome of `check --repair` on the restored library, whose lock is held already."""
    from mediaindex.assembly.writing import new_writer
    from mediaindex.ingest.writer import queue
    from mediaindex.ingest.writer.requests import CheckRequest
    from mediaindex.store import commit
    from mediaindex.store.library import open_library

    with open_library(config.library) as library:
        commit.recover(library)
        return queue.attempt(new_writer(library, config).perform, CheckRequest(repair=True), progress)
