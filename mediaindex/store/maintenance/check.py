"""Prove that the stores agree: every visible vector is there, every frame, and nothing besides.

Each cached frame is read and compared with its checksum; of a blob in the format without checksums every
picture is decoded instead. That costs one reading of frames/, about 20 GB a million frames. Vectors and blobs
are read a few at a time, so that memory does not grow with them.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Any

import sqlalchemy as sa

from mediaindex.errors import MediaIndexError, StoreError
from mediaindex.store import layout
from mediaindex.store.catalog import schema, sources, videos
from mediaindex.store.catalog.database import EPOCH, get_meta, in_chunks
from mediaindex.store.catalog.locations import below
from mediaindex.store.catalog.schema import extraction, garbage, indexed
from mediaindex.store.catalog.videos import throw_away
from mediaindex.store.commit import collect
from mediaindex.store.frame_cache import FramesLost
from mediaindex.store.library import Library
from mediaindex.store.maintenance import reachability
from mediaindex.store.mapped.rows import VectorRows
from mediaindex.store.vectors import table_files
from mediaindex.store.vectors.audit import audit, segments_differ
from mediaindex.store.vectors.matrix_renewal import refresh_matrix
from mediaindex.store.vectors.spaces import (
    Space,
    all_spaces,
    extractions_of,
    note_regions,
    owned,
    scorers,
)

BLOBS_AT_ONCE = 1_000


@dataclass(frozen=True, slots=True)
class Findings:
    """What a check found.

    Attributes:
        videos, vectors, frames: how many there are; of videos, those that the serving space finds.
        problems: one line each. incomplete: space → generations that lack vectors.
        lost_frames: ids of extractions whose cached frames are missing or damaged.
        lost_evidence: generations whose evidence of regions is missing or damaged; the next index makes it.
        unfound: videos that have neither vectors nor cached frames to make them from. No repair brings them
            back, the next index does.
    """

    videos: int
    vectors: int
    frames: int
    problems: list[str]
    incomplete: dict[int, list[int]]
    lost_frames: list[int]
    lost_evidence: list[int]
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
    lost_evidence: tuple[int, ...] = ()


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
        attend: called after each block of vectors and each blob that was read; it may change the library.
    """
    problems: list[str] = []
    if layout.others_may_read(library.root):
        problems.append(f"{library.root}: other users of this machine may read it")
    with library.read() as connection:
        problems += _problems_of_sqlite(connection)
        unreached = reachability.unreached(connection)
        spaces = all_spaces(connection)
        without_vectors = videos.without_vectors(connection)
        to_decode = videos.without_frames(connection)
        found = videos.found(connection)
    problems += unreached.problems
    strays = table_files.space_tables(library.root / "vectors") - {space.id for space in spaces}
    if strays:
        problems.append(f"vectors: {len(strays)} tables belong to no embedding space")
    of_spaces = {
        space.id: _check_space(library, space, attend) for space in spaces if space.state != "dropping"
    }
    problems += [problem for part in of_spaces.values() for problem in part.problems]
    if without_vectors - to_decode:
        problems.append(f"vectors: {len(without_vectors - to_decode)} videos have none")
    cache = _check_frames(library, attend)
    return Findings(
        videos=found,
        vectors=sum(part.vectors for part in of_spaces.values()),
        frames=cache.frames,
        problems=[*problems, *cache.problems],
        incomplete={
            space: part.incomplete for space, part in of_spaces.items() if part.incomplete is not None
        },
        lost_frames=sorted({*cache.lost_frames, *unreached.incomplete}),
        lost_evidence=[generation for part in of_spaces.values() for generation in part.lost_evidence],
        unfound=len(without_vectors & to_decode),
    )


def _problems_of_sqlite(connection: sa.Connection) -> list[str]:
    lines = [
        line for line in connection.exec_driver_sql("PRAGMA quick_check").scalars().all() if line != "ok"
    ]
    wrong = wrong_counts(connection)
    if wrong:
        lines.append(f"wrong counts: {', '.join(wrong)}")
    return [f"library.sqlite: {line}" for line in lines]


def wrong_counts(connection: sa.Connection) -> list[str]:
    """The columns (`table.column`) that triggers keep and that do not fit the rows that they count."""
    wrong = {
        f"{row.table.name}.{name}" for row in _recounted(connection) for name in row.differing(connection)
    }
    if connection.execute(sa.select(extraction.c.id).where(_is_marked_wrongly()).limit(1)).first():
        wrong.add("extraction.replaced")
    return sorted(wrong)


@dataclass(frozen=True, slots=True)
class _Recounted:
    """A row whose counts triggers keep, and what they should be."""

    table: sa.Table
    id: int
    counts: Mapping[str, int]

    def differing(self, connection: sa.Connection) -> list[str]:
        """The columns that hold another number."""
        query = sa.select(*(self.table.c[name] for name in self.counts)).where(self.table.c.id == self.id)
        kept = connection.execute(query).first()
        return [name for name, count in self.counts.items() if kept is None or kept._mapping[name] != count]

    def store(self, connection: sa.Connection) -> None:
        """Write the right numbers; the row of `total` may be gone."""
        here = sa.update(self.table).where(self.table.c.id == self.id)
        if not connection.execute(here.values(**self.counts)).rowcount:
            connection.execute(sa.insert(self.table).values(id=self.id, **self.counts))


def _recounted(connection: sa.Connection) -> Iterator[_Recounted]:
    """Every such row, with its counts from the rows that are counted."""

    def of(table: sa.Table, number: int, **counts: sa.Select[Any]) -> _Recounted:
        row = connection.execute(sa.select(*(count.scalar_subquery() for count in counts.values()))).one()
        return _Recounted(table, number, dict(zip(counts, row, strict=True)))

    def rows(table: sa.Table) -> sa.Select[Any]:
        return sa.select(sa.func.count()).select_from(table)

    def sums(column: sa.ColumnElement[Any]) -> sa.Select[Any]:
        return sa.select(sa.func.coalesce(sa.func.sum(column), 0))

    yield of(
        schema.total,
        1,
        places=rows(schema.location),
        videos=rows(schema.video),
        milliseconds=sums(videos.milliseconds()),
        extractions=rows(extraction),
        frames=sums(extraction.c.frames),
        segments=rows(schema.segment),
        blob_bytes=sums(extraction.c.blob_bytes),
        unmeasured_blobs=rows(extraction).where(extraction.c.blob_bytes.is_(None)),
        skipped=rows(schema.skipped),
    )
    for number in connection.execute(sa.select(schema.volume.c.id)).scalars():
        places = rows(schema.location).where(schema.location.c.volume_id == number)
        yield of(schema.volume, number, places=places)
    for source in sources.all_sources(connection):
        places = rows(schema.location).where(below(schema.location.c.path, source.path))
        yield of(schema.source, source.id, places=places)
    for space in all_spaces(connection):
        own = indexed.c.space_id == space.id
        yield of(
            schema.space,
            space.id,
            videos=rows(indexed).where(own),
            vectors=sums(indexed.c.vectors).where(own),
            scored=sums(indexed.c.vectors).where(own, indexed.c.scorer == (space.scorer or "")),
        )


def _is_marked_wrongly() -> sa.ColumnElement[bool]:
    """Whether an extraction (the outer query's) says wrongly whether its video has a newer one."""
    newer = extraction.alias()
    same = sa.and_(newer.c.video_id == extraction.c.video_id, newer.c.id > extraction.c.id)
    return extraction.c.replaced != sa.select(newer.c.id).where(same).exists()


def _check_space(library: Library, space: Space, attend: Callable[[], None]) -> _SpaceFindings:
    """Check one space, and again where it looks wrong and the sweeper ran meanwhile."""
    while True:
        with library.read() as connection:
            epoch = get_meta(connection, EPOCH)
            visible = owned(connection, space.id)
            dead = set(connection.execute(sa.select(garbage.c.generation)).scalars())
        findings = _compare(library, space, visible, dead, attend)
        with library.read() as connection:
            if not findings.problems or get_meta(connection, EPOCH) == epoch:
                return findings


def _compare(
    library: Library, space: Space, visible: dict[int, int], dead: set[int], attend: Callable[[], None]
) -> _SpaceFindings:
    name = f"vectors of {space.encoder}"
    if table_files.empty_manifests(library.root / "vectors" / f"space_{space.id}.lance"):
        problem = f"{name}: the newest version is empty, as a power loss leaves it"
        return _SpaceFindings([problem], incomplete=[])
    try:
        batches = _attended(library.vectors(space).batches(), attend)
        file = library.matrix(space)
        matrix = file.load()
        found = audit(batches, visible, matrix)
        with library.read() as connection:
            extractions = extractions_of(connection, space.id, list(visible))
            is_unfit = file.is_damaged or segments_differ(connection, extractions, matrix)
    except MediaIndexError as error:
        return _SpaceFindings([f"{name}: {error}"], incomplete=list(visible))
    problems = []
    if found.incomplete:
        problems.append(f"{name}: those of {len(found.incomplete)} videos are not complete")
    if found.damaged:
        problems.append(f"{name}: those of {len(found.damaged)} videos are damaged")
    if found.unowned - dead:
        problems.append(f"{name}: {len(found.unowned - dead)} writes belong to no video")
    if found.matrix_differs or is_unfit:
        problems.append(f"matrix of {space.encoder}: it differs from the vectors")
    lost, unnamed = _check_regions(library, space, attend)
    if lost:
        problems.append(f"evidence of {space.encoder}: that of {len(lost)} videos is missing or damaged")
    if unnamed:
        problems.append(f"evidence of {space.encoder}: {unnamed} files belong to no video")
    return _SpaceFindings(
        problems, sum(visible.values()), [*found.incomplete, *found.damaged] or None, tuple(lost)
    )


def _check_regions(library: Library, space: Space, attend: Callable[[], None]) -> tuple[list[int], int]:
    """The generations whose evidence is not as it was written, and how many files belong to none."""
    files = library.regions(space)
    listed = set(files.names())
    with library.read() as connection:
        visible, named = owned(connection, space.id), scorers(connection, space.id)
        thrown_away = set(connection.execute(sa.select(garbage.c.generation)).scalars())
    lost = []
    for generation, scorer in named.items():
        with contextlib.suppress(OSError):  # it cannot be read now
            if not files.is_whole(generation, scorer, visible.get(generation, 0)):
                lost.append(generation)
        attend()
    kept = {f"{generation:016x}" for generation in {*visible, *thrown_away}}
    # What an index writes at this moment has no row yet, and is another scorer's where that was replaced.
    unnamed = [name for name in listed if name.rpartition("/")[2].partition(".")[0] not in kept]
    return lost, len(unnamed)


def _attended(batches: Iterable[VectorRows], attend: Callable[[], None]) -> Iterator[VectorRows]:
    for rows in batches:
        yield rows
        attend()


def _check_frames(library: Library, attend: Callable[[], None]) -> _CacheFindings:
    lost: dict[str, int] = {}
    unreadable: list[str] = []
    frames = 0
    for row in _cached(library):
        try:
            library.frames.prove(row.frame_file, row.frames)
            frames += row.frames
        except FramesLost:
            lost[row.frame_file] = row.id
        except StoreError as error:
            unreadable.append(str(error))
        attend()
    unnamed = _count_unnamed(library, attend)
    # Others were removed in their turn while this check read.
    with library.read() as connection:
        gone = {*videos.unnamed_blobs(connection, list(lost)), *videos.blobs_thrown_away(connection)}
    lost_ids = [number for name, number in lost.items() if name not in gone]
    problems = []
    if lost_ids:
        problems.append(f"frame cache: the frames of {len(lost_ids)} videos are missing or damaged")
    if unreadable:
        problems.append(f"{len(unreadable)} videos' frames cannot be read now: {unreadable[0]}")
    if unnamed:
        problems.append(f"frame cache: {unnamed} files belong to no video")
    return _CacheFindings(problems, frames, lost_ids)


def _cached(library: Library) -> Iterator[sa.Row[Any, Any, Any]]:
    """Every decoding whose frames are cached, in the order of names; a few rows at once are in memory."""
    after = ""
    while True:
        query = sa.select(extraction.c.id, extraction.c.frame_file, extraction.c.frames)
        query = query.where(extraction.c.frame_file > after, videos.is_cached())
        with library.read() as connection:
            rows = connection.execute(query.order_by(extraction.c.frame_file).limit(BLOBS_AT_ONCE)).all()
        if not rows:
            return
        yield from rows
        after = rows[-1].frame_file


def _count_unnamed(library: Library, attend: Callable[[], None]) -> int:
    """How many files of the frame cache belong to no video, are not thrown away, and not being written."""
    listed = library.frames.names()
    count = 0
    while names := [name for name, _size in islice(listed, BLOBS_AT_ONCE)]:
        # What is being decoded at this moment, in the process that writes, has no row yet.
        settled = [name for name in names if name not in library.frames.unsettled]
        with library.read() as connection:
            count += len(videos.unnamed_blobs(connection, settled))
        attend()
    return count


def repair(library: Library, findings: Findings) -> None:
    """Hide what is incomplete and remove what belongs to nothing; the holder of the lock embeds the rest.

    Vectors come back from the frame cache without decoding. Frames that are lost come back when the
    file is indexed again; its vectors stay as they are until then.
    """
    with library.write() as connection:
        videos.mark_frames_lost(connection, findings.lost_frames)
        note_regions(connection, findings.lost_evidence, None)
        reachability.remove_unreached(connection)
        marked_wrongly = sa.update(extraction).where(_is_marked_wrongly())
        connection.execute(marked_wrongly.values(replaced=~extraction.c.replaced))
        for row in list(_recounted(connection)):
            row.store(connection)
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
        for _rows in library.vectors(space).batches():
            pass
    except MediaIndexError:
        return False
    return True
