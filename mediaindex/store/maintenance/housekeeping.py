"""A library that stays small and quick: fragments merged, old versions and left-over files removed.

    tidy      after commits: only a table in many pieces, and only versions that no search still reads
    compact   all of it at once, when the user asks or nothing else is to do

Only the holder of the writer lock calls these. While a backup copies, nothing is removed.
"""

from __future__ import annotations

import contextlib
import sqlite3
import time
from dataclasses import dataclass
from datetime import timedelta

from mediaindex.errors import NoSpace
from mediaindex.store import layout
from mediaindex.store.commit import bump_epoch, sweep, take_stock_of_blobs
from mediaindex.store.library import Library
from mediaindex.store.vectors import table_files
from mediaindex.store.vectors.lance import LanceSpace
from mediaindex.store.vectors.matrix_renewal import refresh_matrix
from mediaindex.store.vectors.spaces import Space, all_spaces
from mediaindex.store.word_index import vocabulary

FRAGMENTS_BEFORE_MERGE = 50
VERSIONS_BEFORE_PRUNE = 100
VERSIONS_KEPT = timedelta(minutes=10)
"""A search fails when its version is pruned under it; ten minutes outlast any."""
FREE_SHARE = 0.25
"""The database is written anew when more than this share of its pages is free."""
CHECKPOINT_WAIT_MS = 2000


@dataclass(frozen=True, slots=True)
class Extent:
    """What a library takes on disk, and in how many pieces its vectors lie."""

    files: int
    bytes: int
    fragments: int
    versions: int


@dataclass(frozen=True, slots=True)
class CompactionResult:
    """What `compact` did. `postponed`: a backup is being copied, so nothing was removed."""

    before: Extent
    after: Extent
    postponed: bool


def extent(library: Library) -> Extent:
    """Measure a library."""
    tables = [library.vectors(space) for space in _tables(library)]
    files, size = layout.occupied(library.root)
    return Extent(
        files,
        size,
        fragments=sum(table.fragments() for table in tables),
        versions=sum(len(table.versions()) for table in tables),
    )


def compact(library: Library) -> CompactionResult:
    """Bring a library to its smallest form; whatever it holds stays as it is.

    What there is no room for on a full disk (a merged table, a database written anew) is left out.

    Raises:
        NoSpace: the disk is too full even for this; the library is as good as before.
    """
    before = extent(library)
    take_stock_of_blobs(library)
    sweep(library)
    spaces = _tables(library)
    with library.removing() as nobody_copies:
        if nobody_copies:
            table_files.remove_leftovers(library.root / "vectors")
            _compact_vectors(library, spaces)
            for space in spaces:
                library.matrix(space).remove_leftovers()
    for space in spaces:
        with contextlib.suppress(NoSpace, OSError):  # searches read LanceDB for what the matrix lacks
            refresh_matrix(library, space)
    _compact_database(library)
    return CompactionResult(before, extent(library), postponed=not nobody_copies)


def tidy(library: Library, space: Space) -> bool:
    """Merge the table of a space where it lies in many pieces or versions; whether it did.

    Cheap where nothing is to do, so that it can be called after every commit.
    """
    table = library.vectors(space)
    if not table.exists or not _is_due(table):
        return False
    with library.removing() as nobody_copies:
        if nobody_copies:
            table.prune(VERSIONS_KEPT)  # which merges too
    return nobody_copies


def _tables(library: Library) -> list[Space]:
    """The spaces that have a table and keep it."""
    with library.read() as connection:
        found = [space for space in all_spaces(connection) if space.state != "dropping"]
    return [space for space in found if library.vectors(space).exists]


def _is_due(table: LanceSpace) -> bool:
    old = time.time() - VERSIONS_KEPT.total_seconds()
    if sum(version.stat().st_mtime < old for version in table.versions()) >= VERSIONS_BEFORE_PRUNE:
        return True
    # Files are counted without opening the table, and there are no more fragments than files.
    return table.data_files() >= FRAGMENTS_BEFORE_MERGE and table.fragments() >= FRAGMENTS_BEFORE_MERGE


def _compact_vectors(library: Library, spaces: list[Space]) -> None:
    """Merge, let searches that began before see another epoch, and only then remove what they read.

    A search that begins after the epoch was bumped opens the merged version, which is the newest and
    stays; one from before fails or not, sees the new epoch, and asks again.
    """
    for space in spaces:
        with contextlib.suppress(NoSpace):
            library.vectors(space).merge()
    with library.write() as connection:
        bump_epoch(connection)
    for space in spaces:
        library.vectors(space).prune(timedelta(0))


def _compact_database(library: Library) -> None:
    with contextlib.suppress(NoSpace), library.write() as connection:
        vocabulary.drop_unused(connection)
        for index in ("word_index", "word_index_cues"):
            connection.exec_driver_sql(f"INSERT INTO {index}({index}) VALUES ('optimize')")
    with library.outside_transaction() as database:
        free = _number(database, "PRAGMA freelist_count")
        if free > FREE_SHARE * _number(database, "PRAGMA page_count"):
            with contextlib.suppress(sqlite3.OperationalError):  # free pages are used again
                database.execute("VACUUM")
        # A reader that stays for long keeps the log from being cut: the next compact does it.
        waited = _number(database, "PRAGMA busy_timeout")
        database.execute(f"PRAGMA busy_timeout={CHECKPOINT_WAIT_MS}")
        try:
            database.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
        finally:
            database.execute(f"PRAGMA busy_timeout={waited}")


def _number(database: sqlite3.Connection, pragma: str) -> int:
    return int(database.execute(pragma).fetchone()[0])
