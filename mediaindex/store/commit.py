"""The commit protocol: vectors first, one SQLite transaction that shows them, a sweeper behind.

    put      LanceDB add → fsync → one IMMEDIATE transaction (indexed, garbage)
    sweep    read garbage, bump the epoch → LanceDB delete, drop tables → forget the garbage
    recover  what LanceDB and frames/ hold and no row names → garbage; then sweep

Only the holder of the writer lock calls these. A kill at any point leaves every visible video
exactly as it was before or as it was wanted.
"""

from __future__ import annotations

import logging
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

import numpy as np
import sqlalchemy as sa
from numpy.typing import NDArray

from mediaindex.media import FrameEmbeddings
from mediaindex.store.catalog import videos
from mediaindex.store.catalog.database import CLEAN, EPOCH, get_meta, in_chunks, set_meta
from mediaindex.store.catalog.schema import extraction, garbage, garbage_blob, indexed, space
from mediaindex.store.catalog.videos import is_newest, throw_away
from mediaindex.store.layout import REGIONS
from mediaindex.store.library import Library
from mediaindex.store.mapped.region_files import region_file
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
    generations_of,
    make_visible,
    note_regions,
    owned,
    scorers,
)

logger = logging.getLogger(__name__)

BLOBS_AT_ONCE = 5_000


@dataclass(frozen=True, slots=True)
class Embedded:
    """One video's embeddings, ready to be committed."""

    video_id: int
    extraction_id: int
    embeddings: FrameEmbeddings


def put(library: Library, target: Space, batch: Sequence[Embedded], *, scorer: str | None = None) -> None:
    """Make a batch of videos visible in a space, all of them or none.

    Args:
        scorer: whose evidence of regions the batch holds.

    Raises:
        NoSpace: the disk is full. Where only the matrix found no room, the batch is visible nevertheless.
    """
    if not batch:
        return
    generations = [new_generation() for _ in batch]
    parts = [vector_rows(g, item.embeddings) for g, item in zip(generations, batch, strict=True)]
    rows = joined(parts)
    unsettle(library)
    regions = {g: item.embeddings.regions for g, item in zip(generations, batch, strict=True)}
    scored = _write_regions(library, target, scorer, regions)
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
                scorer=scorer if generation in scored else None,
            )
        forget_old_changes(connection)
    extractions = {g: item.extraction_id for g, item in zip(generations, batch, strict=True)}
    extend_matrix(library, target, rows, extractions)


def put_regions(library: Library, target: Space, batch: Sequence[Embedded], *, scorer: str) -> int:
    """Put the evidence of regions beside vectors that a space has already; of how many videos it did.

    Raises:
        NoSpace: the disk is full.
    """
    with library.read() as connection:
        stored = generations_of(connection, target.id, [item.extraction_id for item in batch])
    regions = {
        stored[item.extraction_id][0]: item.embeddings.regions
        for item in batch
        if stored.get(item.extraction_id, (0, 0))[1] == len(item.embeddings.vectors)
    }
    unsettle(library)
    scored = _write_regions(library, target, scorer, regions)
    # Other scorers' files of these generations go with the next sweep.
    with library.write() as connection:
        note_regions(connection, scored, scorer)
    return len(scored)


def _write_regions(
    library: Library, target: Space, scorer: str | None, regions: Mapping[int, NDArray[np.uint8] | None]
) -> list[int]:
    """Write the evidence of some generations; those of which it is on disk."""
    rows_of = {generation: rows for generation, rows in regions.items() if rows is not None}
    if scorer is None or not rows_of:
        return []
    files = library.regions(target)
    try:
        files.write(scorer, rows_of)
    except OSError as error:  # it is derived: searches do without, and the next pass makes it
        logger.warning("%s cannot be written: %s", files.folder, error)
        return []
    return list(rows_of)


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
            library.regions(spaces[space_id]).remove(generations)
    for space_id in dropping:
        table_files.drop_table(library.root / "vectors", space_id)
        library.matrix(spaces[space_id]).remove()
        library.bank(spaces[space_id]).remove()
        library.regions(spaces[space_id]).drop()
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
    remove_unowned_regions(library)
    sweep(library)
    for each in spaces:
        if each.state != "dropping":
            refresh_matrix(library, each)


def remove_unowned_regions(library: Library) -> int:
    """Remove evidence of regions that no row names, such as another scorer's; how many files went.

    Nothing is removed while a backup copies: the next time does it.
    """
    with library.read() as connection:
        spaces = [each for each in all_spaces(connection) if each.state != "dropping"]
        named = {each.id: named_regions(connection, each) for each in spaces}
    removed = 0
    with library.removing() as nobody_copies:
        if nobody_copies:
            for folder in (library.root / REGIONS).glob("space_*"):
                if folder.name not in {f"space_{each.id}" for each in spaces}:
                    shutil.rmtree(folder, ignore_errors=True)
            removed = sum(library.regions(each).keep(named[each.id]) for each in spaces)
    return removed


def named_regions(connection: sa.Connection, space: Space) -> set[str]:
    """The names of the files that hold the evidence of what is visible in a space."""
    return {region_file(generation, scorer) for generation, scorer in scorers(connection, space.id).items()}


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
