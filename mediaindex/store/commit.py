"""The commit protocol: vectors first, one SQLite transaction that shows them, a sweeper behind.

    put      LanceDB add → fsync → one IMMEDIATE transaction (indexed, garbage)
    sweep    read garbage, bump the epoch → LanceDB delete, drop tables → forget the garbage
    recover  what LanceDB and frames/ hold and no row names → garbage; then sweep

Only the holder of the writer lock calls these. A kill at any point leaves every visible video
exactly as it was before or as it was wanted.
"""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

import numpy as np
import sqlalchemy as sa
from numpy.typing import NDArray

from mediaindex.errors import NoSpace, is_no_room
from mediaindex.media import FrameEmbeddings
from mediaindex.store.catalog import videos
from mediaindex.store.catalog.database import CLEAN, EPOCH, get_meta, in_chunks, set_meta
from mediaindex.store.catalog.schema import extraction, garbage, garbage_blob, indexed, space
from mediaindex.store.catalog.videos import is_newest, throw_away
from mediaindex.store.library import Library
from mediaindex.store.mapped.rows import VectorRows, joined, new_generation, vector_rows
from mediaindex.store.mapped.segments import segment_table
from mediaindex.store.mapped.visible import forget_old_changes
from mediaindex.store.vectors import table_files
from mediaindex.store.vectors.spaces import (
    Space,
    all_spaces,
    extractions_of,
    make_visible,
    owned,
    vector_count,
)

logger = logging.getLogger(__name__)

BLOBS_AT_ONCE = 5_000
DEAD_SHARE = 0.2
"""The matrix is written anew when more than this share of its rows is no longer visible."""


@dataclass(frozen=True, slots=True)
class Embedded:
    """One video's embeddings, ready to be committed."""

    video_id: int
    extraction_id: int
    embeddings: FrameEmbeddings


def put(library: Library, target: Space, batch: Sequence[Embedded]) -> None:
    """Make a batch of videos visible in a space, all of them or none.

    Raises:
        NoSpace: the disk is full. Where only the matrix found no room, the batch is visible nevertheless.
    """
    if not batch:
        return
    generations = [new_generation() for _ in batch]
    parts = [vector_rows(g, item.embeddings) for g, item in zip(generations, batch, strict=True)]
    rows = joined(parts)
    unsettle(library)
    library.vectors(target).add(rows)
    with library.write() as connection:
        for generation, item in zip(generations, batch, strict=True):
            # A request may have forgotten the video, or decoded it anew, since it was taken.
            still = sa.select(extraction.c.video_id).where(extraction.c.id == item.extraction_id)
            if connection.execute(still).scalar() != item.video_id:
                throw_away(connection, {generation: target.id})
                continue
            make_visible(
                connection,
                video_id=item.video_id,
                space_id=target.id,
                extraction_id=item.extraction_id,
                generation=generation,
                vectors=len(item.embeddings.vectors),
            )
        forget_old_changes(connection)
    if target.id not in library.lagging_matrices:
        extractions = {g: item.extraction_id for g, item in zip(generations, batch, strict=True)}
        with _deriving(library, target), library.read() as connection:
            file = library.matrix(target)
            file.append(rows, segment_table(connection, extractions, rows, first_row=file.count()))


@contextlib.contextmanager
def _deriving(library: Library, target: Space) -> Iterator[None]:
    """A block that writes the derived matrix of a space.

    Where its disk fails, searches read from LanceDB what it lacks, until `settle` has brought it up to date.

    Raises:
        NoSpace: the disk is full: the next batch would meet it too.
    """
    try:
        yield
    except OSError as error:
        library.lagging_matrices.add(target.id)
        folder = library.matrix(target).folder
        if is_no_room(error):
            raise NoSpace(f"{folder}: {error.strerror}; free space on this disk and run again") from error
        logger.warning("%s cannot be written: %s; searches are slower for now", folder, error)
    else:
        library.lagging_matrices.discard(target.id)


def unsettle(library: Library) -> None:
    """Vectors or blobs are about to be written that no row names yet: a kill from now on may leave them."""
    _set_clean(library, clean=False)


def settle(library: Library) -> None:
    """The writer ends in order: the next one need not look for what a kill left."""
    if _matrices_are_current(library):
        _set_clean(library, clean=True)


def _matrices_are_current(library: Library) -> bool:
    """Bring the matrices up to date that could not be extended; whether none lags behind any more."""
    if library.lagging_matrices:
        with library.read() as connection:
            spaces = [each for each in all_spaces(connection) if each.state != "dropping"]
        library.lagging_matrices.intersection_update(each.id for each in spaces)
        for each in spaces:
            if each.id in library.lagging_matrices:
                refresh_matrix(library, each)
    return not library.lagging_matrices


def _set_clean(library: Library, *, clean: bool) -> None:
    with library.read() as connection:
        if get_meta(connection, CLEAN) == str(int(clean)):
            return
    with library.write() as connection:
        set_meta(connection, CLEAN, str(int(clean)))


def sweep(library: Library) -> int:
    """Remove what no committed generation owns; the number of generations removed.

    Nothing is removed while a backup copies: the next sweep does it.
    """
    with library.removing() as nobody_copies:
        return _sweep(library) if nobody_copies else 0


def _sweep(library: Library) -> int:
    with library.read() as connection:
        if not _is_anything_dead(connection):
            return 0
    with library.write() as connection:
        dead: dict[int, list[int]] = {}
        for row in connection.execute(sa.select(garbage)):
            dead.setdefault(row.space_id, []).append(row.generation)
        spaces = {each.id: each for each in all_spaces(connection)}
        dropping = [each.id for each in spaces.values() if each.state == "dropping"]
        if dead or dropping:
            bump_epoch(connection)
    for space_id, generations in dead.items():
        if space_id in spaces and space_id not in dropping:
            library.vectors(spaces[space_id]).delete(generations)
    for space_id in dropping:
        table_files.drop_table(library.root / "vectors", space_id)
        library.matrix(spaces[space_id]).remove()
    with library.write() as connection:
        for generations in dead.values():
            for chunk in in_chunks(generations):
                connection.execute(sa.delete(garbage).where(garbage.c.generation.in_(chunk)))
        for space_id in dropping:
            connection.execute(sa.delete(indexed).where(indexed.c.space_id == space_id))
            connection.execute(sa.delete(space).where(space.c.id == space_id))
        connection.execute(sa.delete(extraction).where(extraction.c.id.in_(_replaced_extractions())))
    remove_blobs(library)
    return sum(map(len, dead.values()))


def _is_anything_dead(connection: sa.Connection) -> bool:
    """Whether rows say that there is something to remove; neither a folder nor LanceDB is asked."""

    def is_any(query: sa.Select[Any]) -> bool:
        return connection.execute(query.limit(1)).first() is not None

    # That several decodings of one video are there at all is told in half the time.
    by_video = sa.select(extraction.c.video_id).group_by(extraction.c.video_id)
    return (
        is_any(sa.select(garbage.c.generation))
        or is_any(sa.select(garbage_blob.c.frame_file))
        or is_any(sa.select(space.c.id).where(space.c.state == "dropping"))
        or (is_any(by_video.having(sa.func.count() > 1)) and is_any(_replaced_extractions()))
    )


def remove_blobs(library: Library) -> None:
    """Unlink the blobs that were thrown away; to be called while nobody copies.

    What cannot be unlinked stays noted for the next sweep.
    """
    with library.read() as connection:
        names = videos.blobs_thrown_away(connection)
    gone = [name for name in names if _unlink_blob(library, name)]
    if gone:
        with library.write() as connection:
            videos.forget_blobs(connection, gone)


def _unlink_blob(library: Library, name: str) -> bool:
    try:
        library.frames.remove(name)
    except OSError as error:
        logger.warning("%s cannot be removed: %s", library.frames.folder / name, error.strerror)
        return False
    return True


def remove_unowned(library: Library, frame_file: str) -> None:
    """Remove a blob that no row names, since its transaction found no room or no video any more."""
    with library.read() as connection:
        if not videos.unnamed_blobs(connection, [frame_file]):
            return
    if not _unlink_blob(library, frame_file):
        with library.write() as connection:
            videos.throw_away_blobs(connection, [frame_file])


def bump_epoch(connection: sa.Connection) -> None:
    """Let searches that are under way ask again: what they read is about to be removed."""
    set_meta(connection, EPOCH, str(int(get_meta(connection, EPOCH) or 0) + 1))


def _replaced_extractions() -> sa.Select[tuple[int]]:
    """Decodings in place of which there is a newer one, and of which no vectors are visible."""
    used = sa.select(indexed.c.generation).where(indexed.c.extraction_id == extraction.c.id)
    return sa.select(extraction.c.id).where(~is_newest(), ~used.exists())


def recover(library: Library) -> None:
    """Undo what a killed writer left; the first thing a writer does with the lock."""
    with library.read() as connection:
        clean = get_meta(connection, CLEAN) == "1"
    if clean:
        sweep(library)
        _renew_unfit_matrices(library)
    else:
        collect(library)


def collect(library: Library) -> None:
    """Remove all that no row names, whatever left it: vectors, tables, blobs. Then refresh the matrices."""
    table_files.remove_leftovers(library.root / "vectors")
    with library.read() as connection:
        spaces = all_spaces(connection)
    known = {each.id for each in spaces}
    for orphan in table_files.space_tables(library.root / "vectors") - known:
        table_files.drop_table(library.root / "vectors", orphan)
    for each in spaces:
        if each.state == "dropping" or each.id not in table_files.space_tables(library.root / "vectors"):
            continue
        held = library.vectors(each).generations()
        with library.write() as connection:
            throw_away(connection, dict.fromkeys(held - set(owned(connection, each.id)), each.id))
    take_stock_of_blobs(library)
    sweep(library)
    for each in spaces:
        if each.state != "dropping":
            refresh_matrix(library, each)


def take_stock_of_blobs(library: Library) -> None:
    """List frames/, and note which of its files no row names, and the sizes that rows lack."""
    listed = library.frames.names()
    while sizes := dict(islice(listed, BLOBS_AT_ONCE)):
        settled = [name for name in sizes if name not in library.frames.unsettled]
        with library.read() as connection:
            unnamed = videos.unnamed_blobs(connection, settled)
            unmeasured = videos.unmeasured_blobs(connection, list(sizes))
        if unnamed or unmeasured:
            with library.write() as connection:
                videos.throw_away_blobs(connection, unnamed)
                videos.note_blob_sizes(connection, {name: sizes[name] for name in unmeasured})
    with library.read() as connection:
        is_complete = videos.cached_bytes(connection) is not None
    if not is_complete:
        with library.write() as connection:
            videos.note_absent_blobs(connection)


def refresh_matrix(library: Library, target: Space) -> None:
    """Bring the derived matrix up to what is visible: append what it lacks, rewrite where much is dead."""
    with library.read() as connection:
        visible = owned(connection, target.id)
    with _deriving(library, target):
        _write_lacking(library, target, visible)


def _renew_unfit_matrices(library: Library) -> None:
    """Make matrices anew that an older program wrote, or that are cut or gone."""
    with library.read() as connection:
        spaces = [each for each in all_spaces(connection) if each.state != "dropping"]
        visible = {each.id: vector_count(connection, each.id) for each in spaces}
    for each in spaces:
        with contextlib.suppress(OSError):
            if len(library.matrix(each).load_to_extend()) < visible[each.id]:
                refresh_matrix(library, each)


def _write_lacking(library: Library, target: Space, visible: Mapping[int, int]) -> None:
    file = library.matrix(target)
    present = file.load_to_extend()
    counts = dict(zip(*np.unique(present.generation, return_counts=True), strict=True))
    complete = {g for g, n in visible.items() if counts.get(g) == n}
    alive = sum(visible[g] for g in complete)
    lacking = [g for g in visible if g not in complete]
    doubled = any(g in counts for g in lacking)
    is_unfit = not len(present)  # or there are none: what is appended must stand behind what is counted
    if doubled or is_unfit or len(present) - alive > DEAD_SHARE * len(present):
        file.replace(_parts(library, target, list(visible), first_row=0))
    elif lacking:
        for rows, segments in _parts(library, target, lacking, first_row=len(present)):
            file.append(rows, segments)


def _parts(
    library: Library, target: Space, generations: Sequence[int], *, first_row: int
) -> Iterator[tuple[VectorRows, NDArray[np.void]]]:
    """The rows of these generations that LanceDB holds, and their segments, block by block."""
    with library.read() as connection:
        extractions = extractions_of(connection, target.id, generations)
    for rows in _whole_generations(library.vectors(target).batches(), list(extractions)):
        kept = _whole(rows)
        with library.read() as connection:
            yield kept, segment_table(connection, extractions, kept, first_row=first_row)
        first_row += len(kept)


def _whole_generations(blocks: Iterable[VectorRows], generations: Sequence[int]) -> Iterator[VectorRows]:
    """The rows of some generations, none of them parted by two blocks, frames in order."""
    wanted, last = np.array(generations, np.int64), None
    for block in blocks:
        rows = block.take(np.isin(block.generation, wanted))
        rows = rows if last is None else joined([last, rows])
        if len(rows):
            # The next block may go on with the last one.
            is_last = rows.generation == rows.generation[-1]
            yield _in_order(rows.take(~is_last))
            last = rows.take(is_last)
    if last is not None:
        yield _in_order(last)


def _in_order(rows: VectorRows) -> VectorRows:
    return rows.take(np.lexsort((rows.frame, rows.generation)))


def _whole(rows: VectorRows) -> VectorRows:
    """The rows without generations that are damaged: a search looks for these, and names the remedy."""
    damaged = rows.generation[~np.isfinite(rows.vector).all(axis=1)]
    return rows.take(~np.isin(rows.generation, damaged))
