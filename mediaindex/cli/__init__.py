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
from collections.abc import Iterable, Mapping, Sequence
from types import FrameType
from typing import NoReturn

from mediaindex import __version__
from mediaindex.cli.shared.output import Output, is_on_terminal
from mediaindex.errors import INTERRUPTED, MediaIndexError
from mediaindex.safe_text import PrintableFormatter, printable

COMMANDS: Mapping[str, str] = {
    "ui": "Search in the terminal, with pictures: what 'mediaindex' alone does.",
    "index": "Bring the library up to date with folders or files, then exit.",
    "watch": "Follow folders: a first pass, then whatever changes, until it is stopped.",
    "sources": "Choose the folders that are watched, at any time.",
    "search": "Type a sentence, get the moments that answer it.",
    "similar": "More like this: an image, a video, or a moment of one (PATH@SECONDS).",
    "describe": (
        "Which texts describe a moment: your captions, what is said there, and sentences of everyday footage."
    ),
    "show": "Show what is known of one video.",
    "open": "Open a moment of the last search in the player.",
    "caption": "Say in your own words what is seen in a moment; searches find it by them.",
    "mark": "Mark moments as right or wrong for a query: 'search --marks' then looks for more of the right.",
    "export": "Export found moments to an editor, a player or a table, on the same source frames.",
    "history": "Show which moments were opened, and for which query; or forget that.",
    "saved": "Keep searches to ask them again.",
    "status": "Show what the library holds, what waits, and what could not be read.",
    "retry": "Try files again that could not be read.",
    "forget": "Take videos out of the library; the files themselves are never touched.",
    "check": "Prove that the library's parts agree, and mend what can be mended.",
    "compact": "Bring the library to its smallest and quickest form; what it holds stays as it is.",
    "backup": "Copy the library into a folder, also while another process writes to it.",
    "restore": "Put a backup in the place of the library; a library that was there is moved aside.",
    "purge": "Remove everything that the program wrote, after listing it; never a video.",
    "models": "List, bring and choose encoders; list generators, and go back to the personal ranking before.",
    "features": "Make a feature file of captioned media, to train and evaluate on.",
    "train": "Train a ranking: on the library's captions, or a generator on feature files.",
    "eval": "Measure how well it finds: on a benchmark, on your own library, or on a feature file.",
    "doctor": "Check this machine for real; downloads nothing.",
    "service": "Keep `watch` running in the background, as a service of this user, and evaluate at night.",
    "config": "Show every setting with where it came from.",
}
"""Each command with what it does, as the first line of its file says it: a list of them loads none."""
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
    arguments = build_parser(_commands_in(typed)).parse_args(typed)
    output = Output(as_json=arguments.json, command=arguments.command)
    configure_logging()
    signal.signal(signal.SIGTERM, _interrupt)
    try:
        flags = {
            name: getattr(arguments, name) for name in FLAGS if getattr(arguments, name, None) is not None
        }
        from mediaindex.config import load_config

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


def build_parser(names: Iterable[str] = COMMANDS) -> argparse.ArgumentParser:
    """The parser of what is typed.

    Args:
        names: commands whose options are known to it, which loads their files; the others are but listed.
    """
    parser = Parser(
        prog="mediaindex", description="Type a sentence, land on the moment in your own videos, offline."
    )
    parser.add_argument("--version", action="version", version=f"mediaindex {__version__}")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for name, summary in COMMANDS.items():
        command = commands.add_parser(
            name, help=summary[:1].lower() + summary[1:].rstrip("."), description=summary
        )
        if name in names:
            _add_options(command, name)
    return parser


def _add_options(parser: argparse.ArgumentParser, name: str) -> None:
    from mediaindex.cli.shared.arguments import add_shared

    add_shared(parser)
    importlib.import_module(f"mediaindex.cli.{name}").add_arguments(parser)


def _commands_in(typed: Sequence[str]) -> Iterable[str]:
    """The commands whose options may stand in what was typed."""
    if not typed or typed[0] in ("--help", "-h", "--version"):
        return ()
    return (typed[0],) if typed[0] in COMMANDS else COMMANDS


def _interrupt(_signal: int, _frame: FrameType | None) -> None:
    with contextlib.suppress(ValueError):
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    # Whatever keeps the process from unwinding, it ends, and stderr says where it stood. Nothing is lost: the
    # library is consistent at every moment.
    faulthandler.dump_traceback_later(SECONDS_TO_STOP, exit=True)
    raise KeyboardInterrupt
