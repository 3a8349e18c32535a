"""The command line: one command a file, parse → call → print.

stdout is data, stderr is narration. Exit codes are drawn in `mediaindex.errors`.
"""

from __future__ import annotations

import argparse
import contextlib
import importlib
import logging
import os
import signal
import sys
from collections.abc import Sequence
from types import FrameType

from mediaindex import __version__
from mediaindex.cli.output import Output
from mediaindex.config import load_config
from mediaindex.errors import INTERRUPTED, MediaIndexError

COMMANDS = (
    "index",
    "search",
    "similar",
    "show",
    "open",
    "status",
    "retry",
    "forget",
    "check",
    "models",
    "doctor",
    "config",
)
FLAGS = ("library", "device", "encoder", "jobs", "decoder", "player")
"""Options that are settings too: typed, they go before the file and the environment."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; the exit code."""
    arguments = build_parser().parse_args(argv)
    output = Output(as_json=arguments.json, command=arguments.command)
    logging.basicConfig(stream=sys.stderr, format="%(message)s", level=logging.WARNING)
    signal.signal(signal.SIGTERM, _interrupt)
    try:
        flags = {
            name: getattr(arguments, name) for name in FLAGS if getattr(arguments, name, None) is not None
        }
        module = importlib.import_module(f"mediaindex.cli.{arguments.command}")
        exit_code: int = module.run(arguments, load_config(flags), output)
        sys.stdout.flush()
        return exit_code
    except KeyboardInterrupt as interrupt:
        goes_on = "interrupted; the library is consistent, run the command again to go on"
        output.say(str(interrupt) or goes_on)
        return INTERRUPTED
    except BrokenPipeError:
        # The reader of our output has gone; a second error while Python closes stdout helps nobody.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except MediaIndexError as error:
        output.fail(str(error), error.exit_code)
        return error.exit_code
    except Exception as error:
        if os.environ.get("MEDIAINDEX_DEBUG"):
            raise
        output.fail(f"{type(error).__name__}: {error} (MEDIAINDEX_DEBUG=1 shows where)", 1)
        return 1


def build_parser() -> argparse.ArgumentParser:
    """The parser of every command."""
    shared = argparse.ArgumentParser(add_help=False)
    shared.add_argument("--json", action="store_true", help="print one JSON object on stdout")
    shared.add_argument("--library", metavar="DIR", help="folder of the library")
    parser = argparse.ArgumentParser(
        prog="mediaindex", description="Type a sentence, land on the moment in your own videos, offline."
    )
    parser.add_argument("--version", action="version", version=f"mediaindex {__version__}")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for name in COMMANDS:
        module = importlib.import_module(f"mediaindex.cli.{name}")
        summary = (module.__doc__ or "").strip().splitlines()[0]
        command = commands.add_parser(
            name, parents=[shared], help=summary[:1].lower() + summary[1:].rstrip("."), description=summary
        )
        module.add_arguments(command)
    return parser


def add_device(parser: argparse.ArgumentParser) -> None:
    """The option of every command in which a network runs."""
    parser.add_argument(
        "--device", choices=("auto", "cpu", "cuda", "mps"), help="where the encoder runs (default: auto)"
    )


def _interrupt(_signal: int, _frame: FrameType | None) -> None:
    with contextlib.suppress(ValueError):
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    raise KeyboardInterrupt
