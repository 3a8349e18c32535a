"""Search in the terminal, with pictures: what 'mediaindex' alone does."""

from __future__ import annotations

import argparse
from typing import get_args

from mediaindex.cli.shared.output import Output, is_on_terminal
from mediaindex.config import Config, Images
from mediaindex.errors import UsageError


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `ui`."""
    parser.add_argument(
        "--plain", action="store_true", help="numbered lines, for screen readers and simple terminals"
    )
    parser.add_argument(
        "--images",
        choices=get_args(Images),
        metavar="MODE",
        help=f"how pictures are shown: {', '.join(get_args(Images))} (default: the setting ui.images)",
    )
    parser.add_argument(
        "--no-mouse", dest="mouse", action="store_false", help="leave the mouse to the terminal"
    )


def run(arguments: argparse.Namespace, config: Config, output: Output) -> int:
    """Start the interface, and return with it.

    Raises:
        UsageError: there is no terminal, or JSON was asked for.
    """
    if output.as_json:
        raise UsageError("the interface prints no JSON; 'mediaindex search TEXT --json' does")
    if not is_on_terminal():
        raise UsageError("the interface needs a terminal; 'mediaindex search TEXT' needs none")
    from mediaindex_tui import start

    return start.run(
        config,
        plain=arguments.plain,
        images=arguments.images,
        mouse=arguments.mouse,
    )
