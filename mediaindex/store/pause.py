"""Whether work on this library is paused: one row of `meta` that any process reads and sets."""

from __future__ import annotations

import dataclasses
import json
import time
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy import Connection

from mediaindex.store.schema import meta
from mediaindex.store.spaces import get_meta, set_meta

KEY = "paused"


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
    set_meta(connection, KEY, json.dumps(dataclasses.asdict(pause)))
    return pause


def clear_pause(connection: Connection) -> bool:
    """Let the work go on; whether it was paused."""
    was_paused = paused(connection) is not None
    connection.execute(sa.delete(meta).where(meta.c.key == KEY))
    return was_paused


def paused(connection: Connection) -> Pause | None:
    """The pause that holds now, None where there is none or its time is over."""
    stored = get_meta(connection, KEY)
    if stored is None:
        return None
    pause = Pause(**json.loads(stored))
    return None if pause.until is not None and pause.until <= time.time() else pause
