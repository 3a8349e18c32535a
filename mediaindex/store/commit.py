"""The commit protocol: vectors first, one SQLite transaction that shows them, a sweeper behind.

    put      LanceDB add → fsync → one IMMEDIATE transaction (indexed, garbage)
    sweep    read garbage, bump the epoch → LanceDB delete, drop tables → forget the garbage
    recover  what LanceDB and frames/ hold and no row names → garbage; then sweep

Only the holder of the writer lock calls these. A kill at any point leaves every visible video
exactly as it was before or as it was wanted.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

import sqlalchemy as sa

from mediaindex.media import FrameEmbeddings
from mediaindex.store.catalog import videos
from mediaindex.store.catalog.database import CLEAN, EPOCH, get_meta, in_chunks, set_meta
from mediaindex.store.catalog.schema import extraction, garbage, garbage_blob, indexed, space
from mediaindex.store.catalog.videos import is_newest, throw_away
from mediaindex.store.library import Library
from mediaindex.store.mapped.rows import joined, new_generation, vector_rows
from mediaindex.store.mapped.visible import forget_old_changes
from mediaindex.store.vectors import table_files
from mediaindex.store.vectors.matrix_renewal import (
    catch_up,
    extend_matrix,
    refresh_matrix,
    renew_unfit_matrices,
)
from mediaindex.store.vectors.spaces import (
    Space,
    all_spaces,
    make_visible,
    owned,
)

logger = logging.getLogger(__name__)

BLOBS_AT_ONCE = 5_000


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
    extractions = {g: item.extraction_id for g, item in zip(generations, batch, strict=True)}
    extend_matrix(library, target, rows, extractions)


def unsettle(library: Library) -> None:
    """Vectors or blobs are about to be written that no row names yet: a kill from now on may leave them."""
    _set_clean(library, clean=False)


def settle(library: Library) -> None:
    """The writer ends in order: the next one need not look for what a kill left."""
    if catch_up(library):
        _set_clean(library, clean=True)


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
        library.bank(spaces[space_id]).remove()
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
        renew_unfit_matrices(library)
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
