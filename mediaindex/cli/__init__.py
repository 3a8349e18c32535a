"""The command line: one command a file, parse → call → print.

stdout is data, stderr is narration. Exit codes are drawn in `mediaindex.errors`.
"""

from __future__ import annotations

import argparse
import contextlib
import importlib
import logging
import os
import re
import signal
import sys
from collections.abc import Sequence
from types import FrameType
from typing import NoReturn

from mediaindex import __version__
from mediaindex.cli.shared.output import Output
from mediaindex.config import load_config
from mediaindex.errors import INTERRUPTED, MediaIndexError
from mediaindex.safe_text import PrintableFormatter, printable

COMMANDS = (
    "index",
    "watch",
    "sources",
    "search",
    "similar",
    "show",
    "open",
    "status",
    "retry",
    "forget",
    "check",
    "compact",
    "backup",
    "restore",
    "purge",
    "models",
    "features",
    "train",
    "doctor",
    "service",
    "config",
)
FLAGS = (
    *("library", "device", "encoder", "jobs", "decoder", "player"),
    *("cache_limit_mib", "exclude", "nice", "max_load", "pause_on_battery", "log_format"),
    "rerank_candidates",
)
"""Options that are settings too: typed, they go before the file and the environment."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; the exit code."""
    arguments = build_parser().parse_args(argv)
    output = Output(as_json=arguments.json, command=arguments.command)
    configure_logging()
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


def configure_logging() -> None:
    """Warnings of the program on stderr, in the words of their messages alone."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setLevel(logging.WARNING)  # also where a log file is told more
    handler.setFormatter(PrintableFormatter("%(message)s"))
    logging.basicConfig(handlers=[handler], level=logging.WARNING)


class Parser(argparse.ArgumentParser):
    """A parser whose complaints may quote any file name."""

    def error(self, message: str) -> NoReturn:
        """Say in one line what does not fit, and exit with 2."""
        super().error(printable(message))


def build_parser() -> argparse.ArgumentParser:
    """The parser of every command."""
    shared = Parser(add_help=False)
    add_shared(shared)
    parser = Parser(
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


def add_shared(parser: argparse.ArgumentParser, *, again: bool = False) -> None:
    """The options of every command.

    Args:
        again: behind an action's name, where a default would undo what was typed before it.
    """
    parser.add_argument(
        "--json",
        action="store_true",
        default=argparse.SUPPRESS if again else False,
        help="print one JSON object on stdout",
    )
    parser.add_argument(
        "--library",
        metavar="DIR",
        default=argparse.SUPPRESS if again else None,
        help="folder of the library",
    )


def add_device(parser: argparse.ArgumentParser) -> None:
    """The option of every command in which a network runs."""
    parser.add_argument(
        "--device", choices=("auto", "cpu", "cuda", "mps"), help="where the encoder runs (default: auto)"
    )


def add_cache_limit(parser: argparse.ArgumentParser) -> None:
    """The option of the commands that fill the frame cache."""
    parser.add_argument(
        "--cache-limit",
        dest="cache_limit_mib",
        type=_mebibytes,
        metavar="SIZE",
        help="largest size of the frame cache, such as 20G or 500M (default: 0, any)",
    )


def _mebibytes(text: str) -> int:
    found = re.fullmatch(r"(\d{1,9}(?:\.\d{1,3})?)([MGT]?)(?:i?B)?", text.strip(), flags=re.IGNORECASE)
    if found is None or (not found[2] and float(found[1])):
        raise argparse.ArgumentTypeError(f"{text!r} is no size such as 20G or 500M")
    return round(float(found[1]) * {"": 1, "M": 1, "G": 1 << 10, "T": 1 << 20}[found[2].upper()])


def _interrupt(_signal: int, _frame: FrameType | None) -> None:
    with contextlib.suppress(ValueError):
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    raise KeyboardInterrupt
