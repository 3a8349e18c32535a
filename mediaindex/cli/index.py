"""Bring the library up to date with folders or files, then exit."""

from __future__ import annotations

import argparse

from mediaindex.assembly.encoders import encoder_costs
from mediaindex.assembly.paths import absolute_unless_empty, check_root, stored_name
from mediaindex.assembly.serving import serving_space
from mediaindex.cli.shared.arguments import add_indexing, add_no_wait
from mediaindex.cli.shared.output import Output
from mediaindex.cli.shared.report import print_report
from mediaindex.cli.shared.writing import through_the_writer
from mediaindex.config import Config
from mediaindex.ingest.writer.requests import IndexRequest


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `index`."""
    parser.add_argument("paths", nargs="+", metavar="PATH", help="folder or video file")
    add_indexing(parser)
    parser.add_argument("--redecode", action="store_true", help="decode also what is indexed")
    parser.add_argument(
        "--no-confirm",
        dest="confirm",
        action="store_false",
        help="leave the full-hash confirmation of moves and copies to the next run",
    )
    add_no_wait(parser)


def run(arguments: argparse.Namespace, config: Config, output: Output) -> int:
    """Index, and print what was done."""
    from mediaindex.store.library import open_library

    typed = [absolute_unless_empty(path) for path in arguments.paths]
    with open_library(config.library, create=True) as library:
        is_first_pass = serving_space(library) is None
        for path in typed:
            check_root(library, path)
        request = IndexRequest(
            tuple(stored_name(library, path) for path in typed),
            confirm=arguments.confirm,
            redecode=arguments.redecode,
            encoder=arguments.encoder,
            cache_limit_mib=arguments.cache_limit_mib,
        )
        outcome = through_the_writer(library, config, output, request, wait=arguments.wait)
    output.data(outcome.result)
    print_report(outcome.result, output)
    if is_first_pass and outcome.result["indexed"] and not output.as_json:
        say_costs(config, output)
    return outcome.exit_code


def say_costs(config: Config, output: Output) -> None:
    """After the first pass: what a larger encoder would cost on this machine."""
    from mediaindex.embed.cost import described

    output.say("encoders for this library; 'mediaindex models use NAME' chooses one:")
    for cost in encoder_costs(config, measure=True):
        output.say(f"  {described(cost)}")
