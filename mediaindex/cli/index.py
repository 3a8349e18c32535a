"""Bring the library up to date with folders or files, then exit."""

from __future__ import annotations

import argparse
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mediaindex.cli import add_cache_limit, add_device
from mediaindex.cli.shared.output import Output
from mediaindex.cli.shared.writing import through_the_writer
from mediaindex.config import Config
from mediaindex.errors import UsageError
from mediaindex.ingest.writer.requests import IndexRequest
from mediaindex.safe_text import format_seconds

if TYPE_CHECKING:
    from mediaindex.store.library import Library


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `index`."""
    parser.add_argument("paths", nargs="+", metavar="PATH", help="folder or video file")
    add_device(parser)
    parser.add_argument("--encoder", metavar="NAME", help="encoder to index with (see 'models list')")
    parser.add_argument("--jobs", type=int, metavar="N", help="decoding processes side by side")
    parser.add_argument("--decoder", choices=("auto", "pyav", "ffmpeg"), help="what reads the videos")
    add_cache_limit(parser)
    parser.add_argument("--redecode", action="store_true", help="decode also what is indexed")
    parser.add_argument(
        "--no-confirm",
        dest="confirm",
        action="store_false",
        help="leave the full-hash confirmation of moves and copies to the next run",
    )
    parser.add_argument(
        "--no-wait", dest="wait", action="store_false", help="give up (3) where another process writes"
    )


def run(arguments: argparse.Namespace, config: Config, output: Output) -> int:
    """Index, and print what was done."""
    from mediaindex.cli.search import serving_space
    from mediaindex.store.library import open_library

    paths = [Path(os.path.abspath(os.path.expanduser(path))) for path in arguments.paths]
    with open_library(config.library, create=True) as library:
        first = serving_space(library) is None
        for path in paths:
            check_root(library, path)
        outcome = through_the_writer(
            library,
            config,
            output,
            IndexRequest(
                tuple(paths),
                confirm=arguments.confirm,
                redecode=arguments.redecode,
                encoder=arguments.encoder,
                cache_limit_mib=arguments.cache_limit_mib,
            ),
            wait=arguments.wait,
        )
    output.data(outcome.result)
    print_report(outcome.result, output)
    if first and outcome.result["indexed"] and not output.as_json:
        tell_costs(config, output)
    return outcome.exit_code


def tell_costs(config: Config, output: Output) -> None:
    """After the first pass: what a larger encoder would cost on this machine."""
    from mediaindex.cli.models import measured_costs
    from mediaindex.embed.cost import described

    output.say("encoders for this library; 'mediaindex models use NAME' chooses one:")
    for cost in measured_costs(config, measure=True):
        output.say(f"  {described(cost)}")


def check_root(library: Library, path: Path) -> None:
    """A path must exist, or be known as one whose drive is unplugged.

    Raises:
        UsageError: it is neither, or lies inside the library.
    """
    from mediaindex.store.catalog import locations

    if path == library.root or library.root in path.parents:
        raise UsageError(f"{path} lies inside the library {library.root}; index the folder of your videos")
    if os.path.lexists(path):
        if path.is_dir() and not os.access(path, os.R_OK | os.X_OK):
            raise UsageError(f"{path} cannot be read; check its permissions")
        if not path.exists():
            raise UsageError(f"{path} is a link to nothing; check where it should lead")
        return
    with library.read() as connection:
        if not locations.locations_below(connection, [path]):
            raise UsageError(f"{path} does not exist; check the spelling, or plug in its drive")


def print_report(result: dict[str, Any], output: Output) -> None:
    """The report of a pass for a person."""
    if output.as_json:
        return
    counts = [
        f"{result[name]} {name}"
        for name in ("indexed", "unchanged", "moved", "copies", "offline")
        if result[name] or name == "indexed"
    ]
    took = format_seconds(result["elapsed_seconds"])
    output.line(f"{', '.join(counts)}; {format_seconds(result['media_seconds'])} of video in {took}")
    if not (result["videos"] or result["skipped"] or result["failed"] or result["offline"]):
        output.line("no videos were found here")
    for row in result["skipped"]:
        output.line(f"skipped {row['path']}: {row['reason']}")
    for row in result["failed"]:
        output.line(f"failed  {row['path']}: {row['reason']}")
