"""The matrix of a space and what stands in it, brought up to what is visible.

Only the holder of the writer lock calls these. All of it is derived: while it lags behind, searches read from
LanceDB what it lacks, and do without the hubs.
"""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
import sqlalchemy as sa
from numpy.typing import NDArray

from mediaindex.errors import NoSpace, is_no_room
from mediaindex.store.mapped.bank import Hubs
from mediaindex.store.mapped.rows import VectorRows, joined
from mediaindex.store.mapped.segments import segment_table
from mediaindex.store.vectors.spaces import Space, all_spaces, extractions_of, owned, vector_count

if TYPE_CHECKING:
    from mediaindex.store.library import Library

logger = logging.getLogger(__name__)

DEAD_SHARE = 0.2
"""The matrix is written anew when more than this share of its rows is no longer visible."""


def extend_matrix(library: Library, target: Space, rows: VectorRows, extractions: Mapping[int, int]) -> None:
    """Append the rows of a commit, unless the matrix lags behind already.

    Args:
        rows: whole generations one behind the other, frames in order.
        extractions: generation → the extraction whose frames its vectors are.

    Raises:
        NoSpace: the disk is full.
    """
    if target.id in library.lagging_matrices:
        return
    with _deriving(library, target), library.read() as connection:
        file = library.matrix(target)
        file.append(rows, *_derived(library, target, connection, extractions, rows, file.count()))


def refresh_matrix(library: Library, target: Space) -> None:
    """Bring the derived matrix up to what is visible: append what it lacks, rewrite where much is dead."""
    with library.read() as connection:
        visible = owned(connection, target.id)
    with _deriving(library, target):
        _write_lacking(library, target, visible)


def catch_up(library: Library) -> bool:
    """Bring the matrices up to date that could not be extended; whether none lags behind any more."""
    if library.lagging_matrices:
        with library.read() as connection:
            spaces = [each for each in all_spaces(connection) if each.state != "dropping"]
        library.lagging_matrices.intersection_update(each.id for each in spaces)
        for each in spaces:
            if each.id in library.lagging_matrices:
                refresh_matrix(library, each)
    return not library.lagging_matrices


def renew_unfit_matrices(library: Library) -> None:
    """Make matrices anew that an older program wrote, or that are cut or gone."""
    with library.read() as connection:
        spaces = [each for each in all_spaces(connection) if each.state != "dropping"]
        visible = {each.id: vector_count(connection, each.id) for each in spaces}
    for each in spaces:
        with contextlib.suppress(OSError):
            if len(library.matrix(each).load_to_extend()) < visible[each.id]:
                refresh_matrix(library, each)


def renew_hubs(library: Library, target: Space, attend: Callable[[], None] = lambda: None) -> bool:
    """Put what every segment is to the bank beside the matrix, where it lacks that; whether it did.

    Args:
        attend: called now and then; it may carry out a request that changes the matrix.

    Raises:
        OSError: the disk fails.
    """
    bank, file = library.bank(target).load(), library.matrix(target)
    while bank is not None and target.id not in library.lagging_matrices:
        matrix = file.load_to_extend()
        if not len(matrix.segments) or (matrix.hubs is not None and matrix.hubs.bank == bank.digest):
            return False
        hubs = bank.hubs(
            matrix.generation,
            matrix.vector,
            matrix.segments,
            first_row=0,
            blend=target.blend,
            attend=attend,
        )
        if hubs is None:  # `check` finds the damage and repairs it
            return False
        if file.set_hubs(hubs, matrix):
            return True
    return False


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
        for rows, segments, hubs in _parts(library, target, lacking, first_row=len(present)):
            file.append(rows, segments, hubs)


def _parts(
    library: Library, target: Space, generations: Sequence[int], *, first_row: int
) -> Iterator[tuple[VectorRows, NDArray[np.void], Hubs | None]]:
    """The rows of these generations that LanceDB holds, with what the matrix holds of them, by blocks."""
    with library.read() as connection:
        extractions = extractions_of(connection, target.id, generations)
    for rows in _whole_generations(library.vectors(target).batches(), list(extractions)):
        kept = _whole(rows)
        with library.read() as connection:
            yield kept, *_derived(library, target, connection, extractions, kept, first_row)
        first_row += len(kept)


def _derived(
    library: Library,
    target: Space,
    connection: sa.Connection,
    extractions: Mapping[int, int],
    rows: VectorRows,
    first_row: int,
) -> tuple[NDArray[np.void], Hubs | None]:
    """The segments of rows that are to stand from one row of the matrix on, and what they are to the bank."""
    segments = segment_table(connection, extractions, rows, first_row=first_row)
    bank = library.bank(target).load()
    if bank is None:
        return segments, None
    return segments, bank.hubs(
        rows.generation, rows.vector, segments, first_row=first_row, blend=target.blend
    )


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
