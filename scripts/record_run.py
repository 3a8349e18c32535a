"""Record a run of the interface in tmux: from the start to a moment that plays, as an asciicast.

    python scripts/record_run.py --library L --out docs/screens/run.cast

Needs tmux, mpv and a display (`xvfb-run` gives one). `asciinema play` shows the recording.
"""

from __future__ import annotations

import argparse
import fcntl
import json
import os
import pty
import select
import shlex
import struct
import subprocess
import sys
import termios
import time
from pathlib import Path

COLUMNS, ROWS = 120, 40
SOCKET = "mediaindex-record"
STEPS = (
    (6.0, ""),
    *((0.25, letter) for letter in "panda gui"),
    (2.0, ""),
    (2.0, "Right"),
    (6.0, "Enter"),
    (1.0, "Tab"),
    (1.0, "Down"),
    (1.0, "Down"),
    (2.0, "Right"),
    (1.5, "Space"),
    (3.0, "v"),
    (3.0, "F1"),
    (1.5, "Escape"),
    (1.0, "q"),
)
"""Seconds to wait, and the key that is pressed then."""


def tmux(*words: str) -> None:
    """Run a command of the tmux server of this recording."""
    subprocess.run(["tmux", "-L", SOCKET, *words], check=True)


def recorded(command: str) -> list[tuple[float, bytes]]:
    """What tmux drew, each piece with its time in seconds from the start."""
    size = ("-x", str(COLUMNS), "-y", str(ROWS))
    tmux("-f", os.devnull, "new-session", "-d", "-e", "COLORTERM=truecolor", *size, command)
    tmux("set-option", "-g", "status", "off")
    tmux("set-option", "-ga", "terminal-features", ",*:RGB")
    pid, descriptor = pty.fork()
    if pid == 0:
        os.environ["TERM"] = "xterm-256color"
        os.execvp("tmux", ["tmux", "-L", SOCKET, "attach"])
    fcntl.ioctl(descriptor, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, COLUMNS, 0, 0))
    pieces, began = [], time.monotonic()
    for wait, key in STEPS:
        if key:
            tmux("send-keys", *(["Space"] if key == " " else [key]))
        end = time.monotonic() + wait
        while (left := end - time.monotonic()) > 0:
            ready, _, _ = select.select([descriptor], [], [], left)
            if ready:
                try:
                    pieces.append((time.monotonic() - began, os.read(descriptor, 65536)))
                except OSError:  # the session has ended
                    break
    os.close(descriptor)
    os.waitpid(pid, 0)
    return pieces


def cast(pieces: list[tuple[float, bytes]]) -> str:
    """The pieces as an asciicast of version 2."""
    head = {"version": 2, "width": COLUMNS, "height": ROWS, "title": "mediaindex: type, see, land"}
    lines = [json.dumps(head)]
    lines += [json.dumps([round(at, 3), "o", piece.decode("utf-8", "replace")]) for at, piece in pieces]
    return "\n".join(lines) + "\n"


def main() -> None:
    """Record and write."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--library", type=Path, required=True, metavar="DIR")
    parser.add_argument("--out", type=Path, required=True, metavar="FILE")
    arguments = parser.parse_args()
    command = shlex.join([sys.executable, "-m", "mediaindex", "ui", "--library", str(arguments.library)])
    arguments.out.write_text(cast(recorded(command)), encoding="utf-8")


if __name__ == "__main__":
    main()
