"""Eviction: the frame cache stays within its limit. Frames that no space waits for go, vectors stay.

A video without cached frames can still be found by its vectors, and shown by a thumbnail that was written
before. Another encoder, or lost vectors, need its frames again: then the file is decoded again (see
`videos.without_frames`). That needs the file, so the frames of files that are missing now are evicted last.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import PurePath

import sqlalchemy as sa

from mediaindex.store.catalog import videos
from mediaindex.store.catalog.database import in_chunks
from mediaindex.store.catalog.schema import extraction, location
from mediaindex.store.catalog.videos import EVICTED, has_vectors, is_cached, is_newest
from mediaindex.store.commit import remove_blobs, take_stock_of_blobs
from mediaindex.store.library import Library
from mediaindex.store.vectors.spaces import all_spaces

MIB = 1 << 20


@dataclass(frozen=True, slots=True)
class EvictionResult:
    """What `keep_within` removed."""

    videos: int
    bytes: int


@dataclass(frozen=True, slots=True)
class _Cached:
    extraction_id: int
    video_id: int
    frame_file: str
    bytes: int


def keep_within(library: Library, limit_mib: int) -> EvictionResult:
    """Remove cached frames, oldest first, until the cache fits. For the holder of the lock.

    Frames that a space still waits for stay, so that the cache can exceed the limit while another
    encoder's space is being filled.

    Args:
        limit_mib: the largest size of frames/ in MiB; 0 for no limit.
    """
    if not limit_mib:
        return EvictionResult(0, 0)
    surplus = _cached_bytes(library) - limit_mib * MIB
    if surplus <= 0:
        return EvictionResult(0, 0)
    with library.removing() as nobody_copies:
        if not nobody_copies:
            return EvictionResult(0, 0)
        chosen: list[_Cached] = []
        for cached in _least_needed(library):
            if surplus <= 0:
                break
            chosen.append(cached)
            surplus -= cached.bytes
        _evict(library, chosen)
    return EvictionResult(len(chosen), sum(cached.bytes for cached in chosen))


def _cached_bytes(library: Library) -> int:
    """Size of the cache; the folder is listed only where an earlier version left sizes unknown."""
    with library.read() as connection:
        known = videos.cached_bytes(connection)
    if known is None:
        take_stock_of_blobs(library)
        with library.read() as connection:
            known = videos.cached_bytes(connection)
    assert known is not None
    return known


def _evict(library: Library, chosen: list[_Cached]) -> None:
    """Rows first: a blob that no row names is swept, a row without its blob would be damage."""
    with library.write() as connection:
        for cached in chosen:
            # The name stays, by which the thumbnails that were written are found.
            gone = {"frame_file": EVICTED + PurePath(cached.frame_file).name, "blob_bytes": 0}
            connection.execute(
                sa.update(extraction).where(extraction.c.id == cached.extraction_id).values(**gone)
            )
    remove_blobs(library)


def _least_needed(library: Library) -> Iterator[_Cached]:
    """What no space waits for: of files that are there oldest first, then of those that are not."""
    absent = []
    with library.read() as connection:
        candidates = _embedded_everywhere(connection)
    for chunk in in_chunks(candidates):
        with library.read() as connection:
            places = _places(connection, [cached.video_id for cached in chunk])
        for cached in chunk:
            if any(os.path.exists(path) for path in places.get(cached.video_id, ())):
                yield cached
            else:
                absent.append(cached)
    yield from absent


def _places(connection: sa.Connection, video_ids: Sequence[int]) -> dict[int, list[os.PathLike[str]]]:
    """Where these videos are shown."""
    places: dict[int, list[os.PathLike[str]]] = {}
    query = sa.select(location.c.video_id, location.c.path).where(location.c.video_id.in_(video_ids))
    for row in connection.execute(query):
        places.setdefault(row.video_id, []).append(row.path)
    return places


def _embedded_everywhere(connection: sa.Connection) -> list[_Cached]:
    spaces = [space.id for space in all_spaces(connection) if space.state != "dropping"]
    columns = (extraction.c.id, extraction.c.video_id, extraction.c.frame_file, extraction.c.blob_bytes)
    query = sa.select(*columns)
    query = query.where(is_newest(), is_cached(), extraction.c.first_look.is_(False))
    query = query.where(*map(has_vectors, spaces))
    if not spaces:
        return []
    rows = connection.execute(query.order_by(extraction.c.created_at, extraction.c.id))
    return [_Cached(row.id, row.video_id, row.frame_file, row.blob_bytes or 0) for row in rows]
