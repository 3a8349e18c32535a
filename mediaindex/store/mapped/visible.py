"""Which generations of a space a search may show, kept between the searches of a process.

Read in whole once; after that only what `visibility_change` names since, which triggers write.
"""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass, field

import numpy as np
import sqlalchemy as sa
from numpy.typing import NDArray

from mediaindex.store.catalog.database import in_chunks
from mediaindex.store.catalog.schema import visibility_change

CHANGES_READ = 20_000
"""Where more than so many videos changed, everything is read: that costs less."""
CHANGES_KEPT = 100_000

_SHOWN = """
SELECT i.generation, i.video_id, i.vectors FROM indexed AS i
WHERE i.space_id = ? AND EXISTS (
    SELECT 1 FROM location AS l WHERE l.video_id = i.video_id AND l.forgotten_at IS NULL
)
"""


def _empty() -> NDArray[np.int64]:
    return np.empty(0, np.int64)


@dataclass(frozen=True, slots=True, eq=False)
class Visible:
    """The generations of a space that a snapshot of SQLite shows.

    Attributes:
        change: number of the newest change of visibility that is in it.
        generation: (V,) ascending. video: (V,) whose vectors these are. vectors: (V,) how many.
    """

    change: int = -1
    generation: NDArray[np.int64] = field(default_factory=_empty)
    video: NDArray[np.int64] = field(default_factory=_empty)
    vectors: NDArray[np.int64] = field(default_factory=_empty)

    def __len__(self) -> int:
        return len(self.generation)


def read_visible(connection: sa.Connection, space_id: int, known: Visible | None = None) -> Visible:
    """What a snapshot shows, `known` itself where nothing changed since it was read.

    Args:
        known: of the same space, from an earlier snapshot.
    """
    change = connection.execute(sa.select(sa.func.max(visibility_change.c.id))).scalar() or 0
    if known is None:
        return _sorted(change, _read(connection, space_id))
    if change == known.change:
        return known
    # A number below the known one is of a database that was put in the place of the one read before.
    changed = _changed(connection, known.change) if change > known.change else None
    if changed is None:
        return _sorted(change, _read(connection, space_id))
    kept = ~np.isin(known.video, changed)
    before = np.stack([known.generation[kept], known.video[kept], known.vectors[kept]], axis=1)
    return _sorted(change, np.concatenate([before, _read(connection, space_id, changed)]))


def forget_old_changes(connection: sa.Connection) -> None:
    """Keep the newest changes alone; who has seen none of them reads everything."""
    newest = sa.select(sa.func.max(visibility_change.c.id)).scalar_subquery()
    connection.execute(sa.delete(visibility_change).where(visibility_change.c.id <= newest - CHANGES_KEPT))


def _changed(connection: sa.Connection, since: int) -> NDArray[np.int64] | None:
    """The videos of the changes after one, None where these are too many or no longer known."""
    first = connection.execute(sa.select(sa.func.min(visibility_change.c.id))).scalar()
    if first is None or first > since + 1:
        return None
    query = sa.select(visibility_change.c.video_id).distinct().where(visibility_change.c.id > since)
    found = connection.execute(query.limit(CHANGES_READ + 1)).scalars().all()
    return None if len(found) > CHANGES_READ else np.array(found, np.int64)


def _read(
    connection: sa.Connection, space_id: int, videos: NDArray[np.int64] | None = None
) -> NDArray[np.int64]:
    """(V, 3) generation, video and number of vectors; of these videos, or of all."""
    # SQLAlchemy's rows would cost as much again as reading them.
    driver = connection.connection.driver_connection
    assert isinstance(driver, sqlite3.Connection)
    if videos is None:
        found = driver.execute(_SHOWN, (space_id,)).fetchall()
    else:
        found = []
        for chunk in in_chunks(videos.tolist()):
            chosen = ",".join("?" * len(chunk))
            query = f"{_SHOWN} AND i.video_id IN ({chosen})"
            found += driver.execute(query, (space_id, *chunk)).fetchall()
    return np.array(found, np.int64).reshape(-1, 3)


def _sorted(change: int, rows: NDArray[np.int64]) -> Visible:
    rows = rows[np.argsort(rows[:, 0])]
    generation, video, vectors = (np.ascontiguousarray(column) for column in rows.T)
    return Visible(change, generation, video, vectors)
