"""What may be said of a moment, by `mediaindex describe`: a process of its own, since it takes its time."""

from __future__ import annotations

import json
import logging
import os
import subprocess
import sys
from pathlib import Path

from mediaindex.safe_text import printable
from mediaindex_tui.messages import Described, WantDescription

logger = logging.getLogger(__name__)

MOST = 6
SECONDS = 60.0


def described(want: WantDescription, library: Path) -> Described:
    """The texts that fit a moment, the best first; none where nothing can be said."""
    moment = f"{os.fsdecode(want.path)}@{want.seconds:.3f}"
    command = [sys.executable, "-m", "mediaindex", "describe", moment, "--limit", str(MOST), "--json"]
    texts: tuple[str, ...] = ()
    try:
        done = subprocess.run(
            [*command, "--library", str(library)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            timeout=SECONDS,
        )
        rows = json.loads(done.stdout)["texts"] if done.returncode == 0 else []
        texts = tuple(printable(row["text"]) for row in rows[:MOST])
    except (OSError, subprocess.SubprocessError, ValueError, KeyError, TypeError) as error:
        logger.warning("nothing is offered for a caption: %s", error)
    return Described(want.path, want.seconds, texts)
