"""What a running watcher tells the other processes: one row of `meta`, there while it runs."""

from __future__ import annotations

import json
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from mediaindex.store.schema import meta
from mediaindex.store.spaces import get_meta, set_meta

KEY = "watch_state"


def write(connection: Connection, state: dict[str, Any]) -> None:
    """Say what is done now."""
    set_meta(connection, KEY, json.dumps(state))


def read(connection: Connection) -> dict[str, Any] | None:
    """What the watcher said last; None where none runs in order."""
    stored = get_meta(connection, KEY)
    return None if stored is None else dict(json.loads(stored))


def clear(connection: Connection) -> None:
    """The watcher ends."""
    connection.execute(sa.delete(meta).where(meta.c.key == KEY))
