"""What processes tell each other through single rows of `meta`: a pause, and what the watcher does.

Any process reads them; no port is open.
"""

from __future__ import annotations

import dataclasses
import json
import time
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from mediaindex.store.catalog.database import get_meta, set_meta
from mediaindex.store.catalog.schema import meta

PAUSED = "paused"
WATCH_STATE = "watch_state"


@dataclass(frozen=True, slots=True)
class Pause:
    """A pause that somebody asked for.

    Attributes:
        by: who, in words.
        since: Unix time of the request.
        until: Unix time at which the work goes on by itself, None for `clear_pause` alone.
    """

    by: str
    since: float
    until: float | None


def set_pause(connection: Connection, *, by: str, until: float | None = None) -> Pause:
    """Pause the work, or change until when; the pause."""
    pause = Pause(by, time.time(), until)
    set_meta(connection, PAUSED, json.dumps(dataclasses.asdict(pause)))
    return pause


def clear_pause(connection: Connection) -> bool:
    """Let the work go on; whether it was paused."""
    was_paused = paused(connection) is not None
    connection.execute(sa.delete(meta).where(meta.c.key == PAUSED))
    return was_paused


def paused(connection: Connection) -> Pause | None:
    """The pause that holds now, None where there is none or its time is over."""
    stored = get_meta(connection, PAUSED)
    if stored is None:
        return None
    pause = Pause(**json.loads(stored))
    return None if pause.until is not None and pause.until <= time.time() else pause


def set_watch_state(connection: Connection, state: dict[str, Any]) -> None:
    """Say what is done now."""
    set_meta(connection, WATCH_STATE, json.dumps(state))


def watch_state(connection: Connection) -> dict[str, Any] | None:
    """What the watcher said last; None where none runs in order."""
    stored = get_meta(connection, WATCH_STATE)
    return None if stored is None else dict(json.loads(stored))


def clear_watch_state(connection: Connection) -> None:
    """The watcher ends."""
    connection.execute(sa.delete(meta).where(meta.c.key == WATCH_STATE))
