"""Commands of `mediaindex` in processes of their own: those that the interface asks for outlive both."""

from __future__ import annotations

import logging
import os
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import IO, TypeVar

import msgspec

from mediaindex.errors import DONE
from mediaindex.safe_text import printable
from mediaindex_tui.messages import CommandTold, Notice, SubmitRequest

logger = logging.getLogger(__name__)

Kind = TypeVar("Kind")
Tell = Callable[[Notice | CommandTold], None]
SHOWN_WORDS = 6


def start_command(asked: SubmitRequest, library: Path, tell: Tell) -> None:
    """Start a command, such as `retry`.

    One that needs the writer is carried out by the watcher where one runs, as one that was typed is.

    Args:
        tell: is told that it began, and from a thread how it ended.
    """
    words = [*asked.words, *map(os.fsdecode, asked.rest)]
    shown = printable(" ".join(words[:SHOWN_WORDS])) + (" …" if len(words) > SHOWN_WORDS else "")
    command = [sys.executable, "-m", "mediaindex", *words, "--library", str(library)]
    outputs = tempfile.TemporaryFile(), tempfile.TemporaryFile()  # noqa: SIM115 (the thread closes them)
    try:
        process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=outputs[0], stderr=outputs[1], start_new_session=True
        )
    except OSError as error:
        for output in outputs:
            output.close()
        tell(Notice(f"{shown} cannot be started: {error.strerror or error}", is_error=True))
        return
    tell(Notice(f"asked: {shown}"))
    arguments = (process, outputs, shown, tell, asked.shows)
    threading.Thread(target=_follow, args=arguments, name="command", daemon=True).start()


def _follow(
    process: subprocess.Popen[bytes], outputs: Sequence[IO[bytes]], shown: str, tell: Tell, shows: bool
) -> None:
    """Tell how a command ended: by the last line of its last output that has any, where it failed.

    Args:
        shows: whether all that it printed is told.
    """
    code = process.wait()
    lines = [f"code {code}"]
    for output in outputs:
        with output:
            output.seek(0)
            lines += filter(str.strip, output.read().decode("utf-8", "surrogateescape").split("\n"))
    if shows and len(lines) > 1:
        tell(CommandTold(shown, tuple(map(printable, lines[1:]))))
    if code == DONE:
        tell(Notice(f"done: {shown}"))
    else:
        tell(Notice(f"{shown} failed: {printable(lines[-1])}", is_error=True))


def printed(words: Sequence[str], library: Path, kind: type[Kind], *, seconds: float) -> Kind | None:
    """What a command prints as JSON; None, and the log says why, where it fails or takes longer.

    Args:
        kind: what its JSON is read as.
    """
    command = [sys.executable, "-m", "mediaindex", *words, "--json", "--library", str(library)]
    try:
        done = subprocess.run(
            command,
            check=True,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            timeout=seconds,
        )
        return msgspec.json.decode(done.stdout, type=kind)
    except (OSError, subprocess.SubprocessError, msgspec.MsgspecError) as error:
        logger.warning("%s says nothing: %s", words[0], error)
        return None
