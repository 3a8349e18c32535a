"""What the user forgot, and no search shows, until it is undone or removed for good."""

from __future__ import annotations

from pathlib import Path

import sqlalchemy as sa
from sqlalchemy import Connection

from mediaindex.store.schema import location


def anything_hidden(connection: Connection) -> bool:
    """Whether any place is forgotten; most libraries have none, and their searches need no more than this."""
    hidden = sa.select(location.c.id).where(location.c.forgotten_at.is_not(None)).limit(1)
    return connection.execute(hidden).first() is not None


def hidden_videos(connection: Connection) -> set[int]:
    """Videos all of whose places are forgotten."""
    other = location.alias()
    shown = sa.select(other.c.id).where(
        other.c.video_id == location.c.video_id, other.c.forgotten_at.is_(None)
    )
    query = sa.select(location.c.video_id).where(
        location.c.forgotten_at.is_not(None), location.c.video_id.is_not(None), ~shown.exists()
    )
    return {number for number in connection.execute(query).scalars() if number is not None}


def is_hidden(connection: Connection, path: Path) -> bool:
    """Whether a path is forgotten."""
    here = sa.select(location.c.forgotten_at).where(location.c.path == path)
    return connection.execute(here).scalar() is not None
