"""Prove that the library's parts agree, and mend what can be mended."""

from __future__ import annotations

import argparse
import contextlib
from typing import TYPE_CHECKING

from mediaindex.cli.shared.arguments import add_device
from mediaindex.cli.shared.output import Output
from mediaindex.cli.shared.writing import through_the_writer
from mediaindex.config import Config
from mediaindex.errors import DONE, MediaIndexError, StoreError
from mediaindex.ingest.writer.requests import CheckRequest, Outcome

if TYPE_CHECKING:
    from mediaindex.store.library import Library


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `check`."""
    parser.add_argument(
        "--repair", action="store_true", help="rebuild what is damaged from the cached frames"
    )
    add_device(parser)


def run(arguments: argparse.Namespace, config: Config, output: Output) -> int:
    """Check, and print each problem in a line."""
    from mediaindex.store.catalog.database import REMEDY
    from mediaindex.store.layout import DATABASE
    from mediaindex.store.library import open_library

    with open_library(config.library) as library:
        if arguments.repair:
            outcome = through_the_writer(library, config, output, CheckRequest(repair=True))
        else:
            outcome = _checked(library, config, output)
    result = outcome.result
    output.data({"ok": outcome.exit_code == 0, **result})
    output.line(f"{result['videos']} videos, {result['vectors']} vectors, {result['frames']} cached frames")
    for problem in result["problems"]:
        output.line(problem)
    if result.get("decode_again"):
        output.line(f"{result['decode_again']} videos must be decoded again: run 'mediaindex index' on them")
    if not result["problems"]:
        output.line("nothing is wrong")
    elif arguments.repair:
        output.line("repaired" if result["repaired"] else "not everything could be repaired")
    else:
        output.say("run 'mediaindex check --repair' to mend this")
    if (
        arguments.repair
        and not result["repaired"]
        and any(DATABASE in problem for problem in result["problems"])
    ):
        output.say(f"{DATABASE} itself is damaged: {REMEDY}")
    return outcome.exit_code


def _checked(library: Library, config: Config, output: Output) -> Outcome:
    """Check without writing. Beside a writer a commit can look like a problem: then the writer is asked."""
    from mediaindex.store.maintenance.check import check

    found = check(library)
    if found.all_problems and not library.read_only:
        with contextlib.suppress(MediaIndexError):
            return through_the_writer(library, config, output, CheckRequest())
    result = {"problems": found.all_problems, "repaired": False}
    result |= {"videos": found.videos, "vectors": found.vectors, "frames": found.frames}
    return Outcome(result, StoreError.exit_code if found.all_problems else DONE)
