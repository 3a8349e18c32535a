"""Prove that the stores agree: every visible vector is there, every frame, and nothing besides.

Each cached frame is read and compared with its checksum; of a blob in the format without checksums every
picture is decoded instead. That costs one reading of frames/, about 20 GB a million frames.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import sqlalchemy as sa
from numpy.typing import NDArray

from mediaindex.errors import MediaIndexError, StoreError
from mediaindex.store import layout
from mediaindex.store.catalog import videos
from mediaindex.store.catalog.database import in_chunks
from mediaindex.store.catalog.schema import extraction, garbage, indexed
from mediaindex.store.catalog.videos import EVICTED, LOST, throw_away
from mediaindex.store.commit import collect, refresh_matrix
from mediaindex.store.frame_cache import FramesLost
from mediaindex.store.library import Library
from mediaindex.store.maintenance import reachability
from mediaindex.store.vectors import table_files
from mediaindex.store.vectors.matrix import Matrix
from mediaindex.store.vectors.rows import VectorRows
from mediaindex.store.vectors.spaces import Space, all_spaces, owned

UNIT_TOLERANCE = 0.02
"""What float16 leaves of a length of one, with room."""
ROWS_AT_ONCE = 1 << 16


@dataclass(frozen=True, slots=True)
class Findings:
    """What a check found.

    Attributes:
        videos, vectors, frames: how many there are; of videos, those that the serving space finds.
        problems: one line each. incomplete: space → generations that lack vectors.
        lost_frames: ids of extractions whose cached frames are missing or damaged.
        unfound: videos that have neither vectors nor cached frames to make them from. No repair brings them
            back, the next index does.
    """

    videos: int
    vectors: int
    frames: int
    problems: list[str]
    incomplete: dict[int, list[int]]
    lost_frames: list[int]
    unfound: int = 0

    @property
    def all_problems(self) -> list[str]:
        """The problems, with those that a repair leaves to the next index."""
        if not self.unfound:
            return self.problems
        line = f"{self.unfound} videos have neither vectors nor cached frames: run 'mediaindex index' on them"
        return [*self.problems, line]


@dataclass(frozen=True, slots=True)
class _SpaceFindings:
    """What a check found of one space. `incomplete`: None where nothing is to be repaired."""

    problems: list[str]
    vectors: int = 0
    incomplete: list[int] | None = None


@dataclass(frozen=True, slots=True)
class _CacheFindings:
    """What a check found of the frame cache."""

    problems: list[str]
    frames: int
    lost_frames: list[int]


def check(library: Library, attend: Callable[[], None] = lambda: None) -> Findings:
    """Compare SQLite, LanceDB, the matrix and the frame cache; changes nothing.

    Without the writer lock a commit that goes on meanwhile can look like a problem.

    Args:
        attend: called after each blob that was read; it may change the library.
    """
    problems: list[str] = []
    if layout.others_may_read(library.root):
        problems.append(f"{library.root}: other users of this machine may read it")
    with library.read() as connection:
        problems += _problems_of_sqlite(connection)
        unreached = reachability.unreached(connection)
        spaces = all_spaces(connection)
        blobs = connection.execute(
            sa.select(extraction.c.id, extraction.c.frame_file, extraction.c.frames)
        ).all()
        visible = {space.id: owned(connection, space.id) for space in spaces if space.state != "dropping"}
        dead = set(connection.execute(sa.select(garbage.c.generation)).scalars())
        without_vectors = videos.without_vectors(connection)
        to_decode = videos.without_frames(connection)
        found = videos.found(connection)
    problems += unreached.problems
    strays = table_files.space_tables(library.root / "vectors") - {space.id for space in spaces}
    if strays:
        problems.append(f"vectors: {len(strays)} tables belong to no embedding space")
    of_spaces = {
        space.id: _check_space(library, space, visible[space.id], dead)
        for space in spaces
        if space.id in visible
    }
    problems += [problem for part in of_spaces.values() for problem in part.problems]
    if without_vectors - to_decode:
        problems.append(f"vectors: {len(without_vectors - to_decode)} videos have none")
    cache = _check_frames(library, blobs, attend)
    return Findings(
        videos=found,
        vectors=sum(part.vectors for part in of_spaces.values()),
        frames=cache.frames,
        problems=[*problems, *cache.problems],
        incomplete={
            space: part.incomplete for space, part in of_spaces.items() if part.incomplete is not None
        },
        lost_frames=sorted({*cache.lost_frames, *unreached.incomplete}),
        unfound=len(without_vectors & to_decode),
    )


def _problems_of_sqlite(connection: sa.Connection) -> list[str]:
    lines = connection.exec_driver_sql("PRAGMA quick_check").scalars().all()
    return [f"library.sqlite: {line}" for line in lines if line != "ok"]


def _check_space(library: Library, space: Space, visible: dict[int, int], dead: set[int]) -> _SpaceFindings:
    name = f"vectors of {space.encoder}"
    if table_files.empty_manifests(library.root / "vectors" / f"space_{space.id}.lance"):
        problem = f"{name}: the newest version is empty, as a power loss leaves it"
        return _SpaceFindings([problem], incomplete=[])
    try:
        rows = library.vectors(space).read()
    except MediaIndexError as error:
        return _SpaceFindings([f"{name}: {error}"], incomplete=list(visible))
    rows = rows.take(np.lexsort((rows.frame, rows.generation)))
    numbers, starts, counts = np.unique(rows.generation, return_index=True, return_counts=True)
    held = dict(zip(numbers.tolist(), zip(starts.tolist(), counts.tolist(), strict=True), strict=True))
    missing = [g for g, count in visible.items() if not _complete(rows.frame, held.get(g), count)]
    damaged = set(np.unique(rows.generation[~_is_unit(rows)]).tolist()) & (set(visible) - set(missing))
    orphans = set(held) - set(visible) - dead
    problems = []
    if missing:
        problems.append(f"{name}: those of {len(missing)} videos are not complete")
    if damaged:
        problems.append(f"{name}: those of {len(damaged)} videos are damaged")
    if orphans:
        problems.append(f"{name}: {len(orphans)} writes belong to no video")
    if _differs(library.matrix(space).load(), visible, rows):
        problems.append(f"matrix of {space.encoder}: it differs from the vectors")
    return _SpaceFindings(problems, sum(visible.values()), [*missing, *damaged] or None)


def _complete(frames: np.ndarray, place: tuple[int, int] | None, count: int) -> bool:
    """Whether the sorted frames at a place (start, count) are 0 to `count` - 1."""
    if place is None or place[1] != count:
        return False
    return bool(np.array_equal(frames[place[0] : place[0] + count], np.arange(count)))


def _is_unit(rows: VectorRows) -> NDArray[np.bool_]:
    """(N,) whether a row is what was written, as far as its length tells."""
    parts = [
        np.linalg.norm(rows.vector[start : start + ROWS_AT_ONCE].astype(np.float32), axis=1)
        for start in range(0, len(rows), ROWS_AT_ONCE)
    ]
    lengths = np.concatenate([np.empty(0, np.float32), *parts])
    # An embedding of zeros has no direction.
    is_zero = (lengths == 0) & (rows.norm == 0)
    return np.asarray(np.isfinite(rows.norm) & ((np.abs(lengths - 1) < UNIT_TOLERANCE) | is_zero), np.bool_)


def _differs(matrix: Matrix, visible: dict[int, int], rows: VectorRows) -> bool:
    """Whether what is visible of a matrix has other vectors than the sorted rows."""
    is_visible = np.isin(matrix.generation, np.asarray(list(visible), np.int64))
    is_mapped = np.isin(rows.generation, np.unique(matrix.generation[is_visible]))
    order = np.lexsort((matrix.frame[is_visible], matrix.generation[is_visible]))
    mapped = np.asarray(matrix.vector)[is_visible][order]
    return not np.array_equal(mapped.view(np.uint16), rows.vector[is_mapped].view(np.uint16))


def _check_frames(library: Library, blobs: Sequence[Any], attend: Callable[[], None]) -> _CacheFindings:
    unowned = {name for name, _size in library.frames.names()} - {row.frame_file for row in blobs}
    unowned -= library.frames.unsettled  # what is being decoded at this moment, in the process that writes
    lost: list[Any] = []
    unreadable: list[str] = []
    frames = 0
    for row in blobs:
        if row.frame_file.startswith((LOST, EVICTED)):
            continue
        try:
            library.frames.prove(row.frame_file, row.frames)
            frames += row.frames
        except FramesLost:
            lost.append(row)
        except StoreError as error:
            unreadable.append(str(error))
        attend()
    lost = _still_named(library, lost)
    problems = []
    if lost:
        problems.append(f"frame cache: the frames of {len(lost)} videos are missing or damaged")
    if unreadable:
        problems.append(f"{len(unreadable)} videos' frames cannot be read now: {unreadable[0]}")
    if unowned:
        problems.append(f"frame cache: {len(unowned)} files belong to no video")
    return _CacheFindings(problems, frames, [row.id for row in lost])


def _still_named(library: Library, rows: Sequence[Any]) -> list[Any]:
    """Those of these blobs that a row names; others were removed in their turn while this check read."""
    with library.read() as connection:
        named = set(connection.execute(sa.select(extraction.c.frame_file)).scalars()) if rows else set()
    return [row for row in rows if row.frame_file in named]


def repair(library: Library, findings: Findings) -> None:
    """Hide what is incomplete and remove what belongs to nothing; the holder of the lock embeds the rest.

    Vectors come back from the frame cache without decoding. Frames that are lost come back when the
    file is indexed again; its vectors stay as they are until then.
    """
    with library.write() as connection:
        videos.mark_frames_lost(connection, findings.lost_frames)
        reachability.remove_unreached(connection)
        spaces = {space.id: space for space in all_spaces(connection)}
    for space_id in findings.incomplete:
        table_files.remove_empty_manifests(library.root / "vectors" / f"space_{space_id}.lance")
    library.forget_handles()
    # With the empty version gone, the one before tells which videos it does not hold.
    findings = check(library)
    for space_id, generations in findings.incomplete.items():
        readable = _readable(library, spaces[space_id])
        if not readable:
            table_files.drop_table(library.root / "vectors", space_id)
            library.forget_handles()
        with library.write() as connection:
            gone = generations if readable else list(owned(connection, space_id))
            throw_away(connection, dict.fromkeys(gone, space_id))
            for chunk in in_chunks(gone):
                connection.execute(sa.delete(indexed).where(indexed.c.generation.in_(chunk)))
    with contextlib.suppress(OSError):  # not ours to change: the next check says so
        layout.make_private(library.root)
    collect(library)
    for space in spaces.values():
        if space.state != "dropping":
            library.matrix(space).remove()
            refresh_matrix(library, space)


def _readable(library: Library, space: Space) -> bool:
    try:
        library.vectors(space).read()
    except MediaIndexError:
        return False
    return True
