"""The command line: the list of commands, their parser, and how one is run; each command is a file.

stdout is data, stderr is narration. Exit codes are drawn in `mediaindex.errors`. No command imports another:
what several share is in `mediaindex.cli.shared`
and `mediaindex.cli.measuring`, and objects made of settings come from `mediaindex.assembly`.
"""

from __future__ import annotations

import argparse
import contextlib
import faulthandler
import gc
import importlib
import logging
import os
import signal
import sys
from collections.abc import Sequence
from types import FrameType
from typing import NoReturn

from mediaindex import __version__
from mediaindex.cli.shared.arguments import add_shared
from mediaindex.cli.shared.output import Output, is_on_terminal
from mediaindex.config import load_config
from mediaindex.errors import INTERRUPTED, MediaIndexError
from mediaindex.safe_text import PrintableFormatter, printable

COMMANDS = (
    "ui",
    "index",
    "watch",
    "sources",
    "search",
    "similar",
    "describe",
    "show",
    "open",
    "caption",
    "mark",
    "export",
    "history",
    "saved",
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
    "eval",
    "doctor",
    "service",
    "config",
)
FLAGS = (
    *("library", "device", "encoder", "jobs", "decoder", "player"),
    *("cache_limit_mib", "exclude", "nice", "max_load", "pause_on_battery", "log_format"),
    "rerank_candidates",
)
"""Options that are settings too: where typed, they go before the file and the environment."""
QUESTIONS = ("search", "similar", "describe", "show", "open", "status")
"""Commands that end with their answer."""
SECONDS_TO_STOP = 60
"""After SIGTERM a command unwinds, for so long at the most."""
INTERRUPTED_NOTE = "interrupted; the library is consistent, run the command again to go on"


def run() -> NoReturn:
    """Run the command that was typed, and end the process.

    Python does not take itself down first: that would cost a tenth of a question's processor time, and what a
    command opened is closed by then. Nor can threads that still run, as those of LanceDB, keep the process.
    """
    exit_code = main()
    logging.shutdown()
    for stream in filter(None, (sys.stdout, sys.stderr)):  # one that is closed is none
        with contextlib.suppress(OSError):  # nobody reads any more
            stream.flush()
    os._exit(exit_code)


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command, on a terminal `ui` where none is named; the exit code."""
    # Read when numpy is loaded. Its products here are small: a thread for each core would spend more time on
    # waiting for the others than on them, and already loading numpy would take twice as long.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    # Read when torch is loaded: its threads would spin while they wait for frames, on the decoders' cores.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    typed = sys.argv[1:] if argv is None else argv
    if not typed and is_on_terminal():
        typed = ["ui"]
    if argv is None and typed and typed[0] in QUESTIONS:
        gc.disable()  # looking for garbage while modules are loaded would be a tenth of the processor time
    arguments = build_parser(typed[:1] if typed and typed[0] in COMMANDS else COMMANDS).parse_args(typed)
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
        output.say(str(interrupt) or INTERRUPTED_NOTE)
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
    handler.setLevel(logging.WARNING)  # also where a log file takes lower levels
    handler.setFormatter(PrintableFormatter("%(message)s"))
    logging.basicConfig(handlers=[handler], level=logging.WARNING)


class Parser(argparse.ArgumentParser):
    """A parser whose complaints may quote any file name."""

    def error(self, message: str) -> NoReturn:
        """Say in one line what does not fit, and exit with 2."""
        super().error(printable(message))


def build_parser(names: Sequence[str] = COMMANDS) -> argparse.ArgumentParser:
    """The parser of these commands; each of them has to be imported."""
    shared = Parser(add_help=False)
    add_shared(shared)
    parser = Parser(
        prog="mediaindex", description="Type a sentence, land on the moment in your own videos, offline."
    )
    parser.add_argument("--version", action="version", version=f"mediaindex {__version__}")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for name in names:
        module = importlib.import_module(f"mediaindex.cli.{name}")
        summary = (module.__doc__ or "").strip().splitlines()[0]
        command = commands.add_parser(
            name, parents=[shared], help=summary[:1].lower() + summary[1:].rstrip("."), description=summary
        )
        module.add_arguments(command)
    return parser


def _interrupt(_signal: int, _frame: FrameType | None) -> None:
    with contextlib.suppress(ValueError):
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    # Whatever keeps the process from unwinding, it ends, and stderr says where it stood. Nothing is lost: the
    # library is consistent at every moment.
    faulthandler.dump_traceback_later(SECONDS_TO_STOP, exit=True)
    raise KeyboardInterrupt
