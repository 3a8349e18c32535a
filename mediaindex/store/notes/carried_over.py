"""Notes about a file whose content changed, but not its film: who rewrites its tags keeps what was noted."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy import Connection

from mediaindex.store.catalog import lookup, videos
from mediaindex.store.catalog.locations import places_of_content
from mediaindex.store.catalog.schema import caption, mark, pick, word

SAME_LENGTH_SECONDS = 0.1


def carry_over(connection: Connection, old: int, new: int) -> None:
    """Give the notes about a video to the content that took its one place, if both are of the same length.

    The connection is inside a transaction of `Library.write`.
    """
    if old == new or len(places_of_content(connection, old)) != 1:
        return
    lengths = lookup.durations(connection, [old, new])
    if old not in lengths or abs(lengths[old] - lengths[new]) > SAME_LENGTH_SECONDS:
        return
    words = sa.select(caption.c.word_id).where(caption.c.video_id == old, caption.c.word_id.is_not(None))
    connection.execute(sa.update(word).where(word.c.id.in_(words)).values(video_id=new))
    identity = videos.identity_of(connection, new)
    of_content = {"size": identity.size, "partial_hash": identity.partial_hash, "hash": identity.hash}
    connection.execute(sa.update(caption).where(caption.c.video_id == old).values(video_id=new, **of_content))
    # A mark of the new content on the same second is the same mark.
    marks = sa.update(mark).where(mark.c.video_id == old).values(video_id=new)
    connection.execute(marks.prefix_with("OR REPLACE"))
    connection.execute(sa.update(pick).where(pick.c.video_id == old).values(video_id=new))
