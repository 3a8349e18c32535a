"""Start the finder: requests on stdin, replies on stdout, one a line; it ends when stdin does."""

from __future__ import annotations

import argparse
import contextlib
import logging
import os
import signal
import sys
import threading
from collections.abc import Sequence
from pathlib import Path

from mediaindex.config import Config, load_config
from mediaindex.errors import MediaIndexError
from mediaindex.safe_text import PrintableFormatter, printable
from mediaindex.store.layout import make_private_folder, private
from mediaindex_tui.finder_log import finder_log
from mediaindex_tui.messages import Notice, Reply, line_of

LOG_BYTES = 1 << 20
"""A log of more bytes is put aside, and takes the place of the one before."""


def main(argv: Sequence[str] | None = None) -> int:
    """Answer until stdin ends; the exit code."""
    replies = _own_stdout()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the terminal's Ctrl-C is meant for the interface
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # see mediaindex.cli.main
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    options = _options(argv)
    words_only = options.pop("words_only")
    try:
        config = load_config(options)
    except MediaIndexError as error:
        os.write(replies, line_of(Notice(printable(str(error)), is_error=True)))
        return error.exit_code
    with contextlib.suppress(OSError):  # without a log the finder still finds
        _complain_to(finder_log(config.library))
    _answer(config, replies, words_only=bool(words_only))
    return 0


def _options(argv: Sequence[str] | None) -> dict[str, object]:
    parser = argparse.ArgumentParser(prog="mediaindex_tui.finder", description=__doc__)
    parser.add_argument("--library", metavar="DIR", help="whose finder this is; else that of the settings")
    parser.add_argument("--device", help="where networks run; else that of the settings")
    parser.add_argument("--words-only", action="store_true", help="load no encoder, after it did harm")
    return vars(parser.parse_args(argv))


def _own_stdout() -> int:
    """The descriptor of the pipe to the interface; what anything prints goes to stderr from now on."""
    replies = os.dup(1)
    os.dup2(2, 1)
    sys.stdout = sys.stderr
    return replies


def _complain_to(log: Path) -> None:
    """Let stderr, and with it all that anything prints, go to a file."""
    make_private_folder(log.parent)
    with contextlib.suppress(FileNotFoundError):
        if log.stat().st_size > LOG_BYTES:
            log.replace(log.with_suffix(".1.log"))
    with open(log, "ab", opener=private) as file:
        os.dup2(file.fileno(), 2)
        os.dup2(file.fileno(), 1)
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(PrintableFormatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    logging.basicConfig(handlers=[handler], level=logging.WARNING)


def _answer(config: Config, replies: int, *, words_only: bool) -> None:
    """Read requests on a thread, and answer them on this one."""
    from mediaindex_tui.finder.desk import Desk
    from mediaindex_tui.finder.inbox import Inbox

    def send(reply: Reply) -> None:
        rest = memoryview(line_of(reply))
        while rest:
            rest = rest[os.write(replies, rest) :]

    inbox = Inbox()
    threading.Thread(target=inbox.read, args=(sys.stdin.buffer,), name="reader", daemon=True).start()
    Desk(config, inbox, send, words_only=words_only).run()


if __name__ == "__main__":
    raise SystemExit(main())
