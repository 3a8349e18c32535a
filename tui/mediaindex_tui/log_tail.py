"""The last lines of a log."""

from __future__ import annotations

import os
from pathlib import Path

from mediaindex_tui.shown_text import shown

LAST_BYTES = 1 << 16
LINES = 200


def last_lines(log: Path) -> list[str]:
    """The newest lines first; one line that says why where it cannot be read."""
    try:
        with log.open("rb") as file:
            file.seek(max(0, file.seek(0, os.SEEK_END) - LAST_BYTES))
            lines = file.read().decode("utf-8", "replace").splitlines()
    except FileNotFoundError:
        return ["nothing was logged yet"]
    except OSError as error:
        return [shown(f"{log} cannot be read: {error.strerror or error}")]
    return [shown(line) for line in reversed(lines[-LINES:])] or ["nothing was logged yet"]
