"""The decoder's handler, which waits with a film whose folder is held: a state that a test can see and end.

Of a folder `videos` the films are held while `videos.hold` exists; `videos.held` appears once one is.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from mediaindex.decode import worker, worker_child
from mediaindex.decode.sandbox import wire
from mediaindex.decode.sandbox.process import Sandbox

PAUSE_SECONDS = 0.02


def handle(request: dict[str, Any]) -> Iterator[wire.Message]:
    folder = Path(str(request["path"])).parent
    hold = folder.with_suffix(".hold")
    if hold.exists():
        folder.with_suffix(".held").touch()
        while hold.exists():
            time.sleep(PAUSE_SECONDS)
    yield from worker_child.handle(request)


def use_held_decoders(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let every decoder that this process starts use this handler."""
    monkeypatch.setattr(worker, "Sandbox", lambda _handler, limits: Sandbox(__name__, limits))
