"""Start a program that outlives this process, and notice one that fails at once."""

from __future__ import annotations

import shlex
import subprocess
import threading
from collections.abc import Sequence

from mediaindex.errors import MediaIndexError

# A program that still runs after this time counts as started.
SECONDS_TO_FAIL = 0.5


def spawned(command: Sequence[str]) -> subprocess.Popen[bytes]:
    """A program in a session of its own, with no input and no output.

    Raises:
        MediaIndexError: it cannot be started.
    """
    try:
        return subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
    except OSError as error:
        raise MediaIndexError(f"{command[0]} cannot be started: {error.strerror or error}") from error


def start_detached(command: Sequence[str]) -> None:
    """Start a program, and leave it where it does not end at once.

    Raises:
        MediaIndexError: it cannot be started, or ended with an error within `SECONDS_TO_FAIL`.
    """
    process = spawned(command)
    try:
        code = process.wait(SECONDS_TO_FAIL)
    except subprocess.TimeoutExpired:
        # Whoever lives long, such as the terminal interface, must not collect dead children.
        threading.Thread(target=process.wait, name="player", daemon=True).start()
        return
    if code != 0:
        raise MediaIndexError(
            f"the player ended at once with code {code}; try it by hand: {shlex.join(command)}"
        )
