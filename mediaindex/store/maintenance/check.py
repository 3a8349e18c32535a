"""Prove that the stores agree: every visible vector is there, every frame, and nothing besides."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import sqlalchemy as sa

from mediaindex.errors import MediaIndexError
from mediaindex.store import layout
from mediaindex.store.catalog.database import in_chunks
from mediaindex.store.catalog.schema import (
    extraction,
    garbage,
    indexed,
)
from mediaindex.store.catalog.videos import (
    EVICTED,
    LOST,
    throw_away,
)
from mediaindex.store.commit import recover, refresh_matrix
from mediaindex.store.library import Library
from mediaindex.store.vectors import table_files
from mediaindex.store.vectors.rows import VectorRows
from mediaindex.store.vectors.spaces import (
    Space,
    all_spaces,
    owned,
)


@dataclass(slots=True)
class Findings:
    """What a check saw.

    Attributes:
        problems: one line each. incomplete: space → generations whose vectors are not all there.
        lost_frames: ids of extractions whose cached frames are missing or damaged.
    """

    videos: int = 0
    vectors: int = 0
    frames: int = 0
    problems: list[str] = field(default_factory=list)
    incomplete: dict[int, list[int]] = field(default_factory=dict)
    lost_frames: list[int] = field(default_factory=list)


def check(library: Library) -> Findings:
    """Compare SQLite, LanceDB, the matrix and the frame cache; changes nothing.

    Without the writer lock a commit that goes on meanwhile can look like a problem.
    """
    findings = Findings()
    if layout.others_may_read(library.root):
        findings.problems.append(f"{library.root}: other users of this machine may read it")
    with library.read() as connection:
        _check_sqlite(connection, findings)
        findings.videos = connection.execute(
            sa.select(sa.func.count(sa.distinct(indexed.c.video_id)))
        ).scalar_one()
        spaces = [space for space in all_spaces(connection) if space.state != "dropping"]
        blobs = connection.execute(
            sa.select(extraction.c.id, extraction.c.frame_file, extraction.c.frames)
        ).all()
        visible = {space.id: owned(connection, space.id) for space in spaces}
        dead = set(connection.execute(sa.select(garbage.c.generation)).scalars())
    for space in spaces:
        _check_space(library, space, visible[space.id], dead, findings)
    _check_frames(library, blobs, findings)
    return findings


def _check_sqlite(connection: sa.Connection, findings: Findings) -> None:
    for line in connection.exec_driver_sql("PRAGMA quick_check").scalars():
        if line != "ok":
            findings.problems.append(f"library.sqlite: {line}")
    for row in connection.exec_driver_sql("PRAGMA foreign_key_check"):
        findings.problems.append(f"library.sqlite: a row of {row[0]} has lost its {row[2]}")


def _check_space(
    library: Library, space: Space, visible: dict[int, int], dead: set[int], findings: Findings
) -> None:
    name = f"vectors of {space.encoder}"
    empty = table_files.empty_manifests(library.root / "vectors" / f"space_{space.id}.lance")
    if empty:
        findings.problems.append(f"{name}: the newest version is empty, as a power loss leaves it")
        findings.incomplete[space.id] = []
        return
    try:
        rows = library.vectors(space).read()
    except MediaIndexError as error:
        findings.problems.append(f"{name}: {error}")
        findings.incomplete[space.id] = list(visible)
        return
    order = np.lexsort((rows.frame, rows.generation))
    rows = rows.take(order)
    numbers, starts, counts = np.unique(rows.generation, return_index=True, return_counts=True)
    held = dict(zip(numbers.tolist(), zip(starts.tolist(), counts.tolist(), strict=True), strict=True))
    missing = [g for g, count in visible.items() if not _complete(rows.frame, held.get(g), count)]
    if missing:
        findings.problems.append(f"{name}: those of {len(missing)} videos are not complete")
        findings.incomplete[space.id] = missing
    orphans = set(held) - set(visible) - dead
    if orphans:
        findings.problems.append(f"{name}: {len(orphans)} writes belong to no video")
    findings.vectors += sum(visible.values())
    _check_matrix(library, space, visible, rows, findings)


def _complete(frames: np.ndarray, place: tuple[int, int] | None, count: int) -> bool:
    if place is None or place[1] != count:
        return False
    return bool(np.array_equal(frames[place[0] : place[0] + count], np.arange(count)))


def _check_matrix(
    library: Library, space: Space, visible: dict[int, int], rows: VectorRows, findings: Findings
) -> None:
    matrix = library.matrix(space).load()
    is_visible = np.isin(matrix.generation, np.asarray(list(visible), np.int64))
    is_mapped = np.isin(rows.generation, np.unique(matrix.generation[is_visible]))
    order = np.lexsort((matrix.frame[is_visible], matrix.generation[is_visible]))
    same = np.array_equal(
        np.asarray(matrix.vector)[is_visible][order].view(np.uint16), rows.vector[is_mapped].view(np.uint16)
    )
    if not same:
        findings.problems.append(f"matrix of {space.encoder}: it differs from the vectors")


def _check_frames(library: Library, blobs: Sequence[Any], findings: Findings) -> None:
    for row in blobs:
        if row.frame_file.startswith((LOST, EVICTED)):
            continue
        if library.frames.count(row.frame_file) == row.frames:
            findings.frames += row.frames
        else:
            findings.lost_frames.append(row.id)
    if findings.lost_frames:
        findings.problems.append(
            f"frame cache: the frames of {len(findings.lost_frames)} videos are missing or damaged"
        )
    unowned = {name for name, _size in library.frames.names()} - {row.frame_file for row in blobs}
    unowned -= library.frames.unsettled  # what is being decoded at this moment, in the process that writes
    if unowned:
        findings.problems.append(f"frame cache: {len(unowned)} files belong to no video")


def repair(library: Library, findings: Findings) -> None:
    """Hide what is incomplete and remove what belongs to nothing; the holder of the lock embeds the rest.

    Vectors come back from the frame cache without decoding. Frames that are lost come back when the
    file is indexed again; its vectors stay as they are until then.
    """
    with library.read() as connection:
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
    recover(library)
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
