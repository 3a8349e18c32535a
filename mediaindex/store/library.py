"""Where a library lives on disk, and how its parts are opened.

Opening one loads no numpy: most commands read rows alone.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import sqlalchemy as sa
from sqlalchemy.exc import DatabaseError

from mediaindex.errors import MediaIndexError, NoSpace, StoreError, UsageError
from mediaindex.sources.places.volumes import refuse_unfit
from mediaindex.store.catalog.database import (
    IDENTITY,
    PATIENCE_MS,
    REMEDY,
    get_meta,
    make_engine,
    make_reading_engine,
    migrate,
    set_meta,
    translated,
    waiting_at_most,
)
from mediaindex.store.frame_cache import FrameCache
from mediaindex.store.layout import (
    DATABASE,
    EVALUATING,
    KEEP,
    LOCK,
    MATRIX,
    REGIONS,
    close_folder,
    make_private_folder,
    private,
    regular_files,
)
from mediaindex.store.lock import Role, evaluation_lock, keeping_files, removing_files, writer_lock
from mediaindex.store.reserve import reserve

if TYPE_CHECKING:
    from mediaindex.store.mapped.bank import BankFile
    from mediaindex.store.mapped.matrix import MatrixFile
    from mediaindex.store.mapped.region_files import RegionFiles
    from mediaindex.store.vectors.lance import LanceSpace
    from mediaindex.store.vectors.spaces import Space

OF_THE_STATEMENT = (sqlite3.DataError, sqlite3.IntegrityError, sqlite3.ProgrammingError)
"""Errors of a value, a statement or a closed connection: the database is well."""


class Library:
    """One library: SQLite is the source of truth, vectors/ and frames/ hold what is large.

    Use `open_library`.

    Args:
        unwritable: why nothing below can be written, None where that can be.

    Attributes:
        root: its folder. read_only: nothing below can be written; searches still work.
        lagging_matrices: spaces whose matrix could not be extended at a commit of this process.
        requests: numbers of the requests that this process carries out now, as the writer.
    """

    def __init__(self, root: Path, *, unwritable: NoSpace | None = None) -> None:
        self.root = root
        self.read_only = unwritable is not None
        self._unwritable = unwritable
        make = make_reading_engine if self.read_only else make_engine
        self.engine = make(root / DATABASE)
        self.frames = FrameCache(root / "frames")
        self.lagging_matrices: set[int] = set()
        self.requests: set[int] = set()
        self._spaces: dict[int, LanceSpace] = {}

    @contextlib.contextmanager
    def read(self) -> Iterator[sa.Connection]:
        """A transaction that sees one snapshot and never waits."""
        with self._errors(), self.engine.connect() as connection, connection.begin():
            yield connection

    @contextlib.contextmanager
    def write(self, *, patience_ms: int = PATIENCE_MS) -> Iterator[sa.Connection]:
        """A short IMMEDIATE transaction; it never needs the writer lock.

        Args:
            patience_ms: how long to wait for another process's transaction.

        Raises:
            NoSpace: the disk is full or not writable. WriterBusy: another transaction took too long.
        """
        self._must_be_writable()
        writing = self.engine.execution_options(immediate=True)
        with (
            self._errors(),
            writing.connect() as connection,
            waiting_at_most(connection, patience_ms),
            connection.begin(),
        ):
            yield connection

    @contextlib.contextmanager
    def outside_transaction(self) -> Iterator[sqlite3.Connection]:
        """SQLite's own connection, for the statements that refuse a transaction (VACUUM).

        Raises:
            NoSpace: the disk is full or not writable.
        """
        with self._errors():
            pooled = self.engine.raw_connection()
            try:
                database = pooled.driver_connection
                assert isinstance(database, sqlite3.Connection)
                yield database
            finally:
                pooled.close()

    @contextlib.contextmanager
    def _errors(self) -> Iterator[None]:
        try:
            yield
        except (DatabaseError, sqlite3.DatabaseError) as error:
            if isinstance(getattr(error, "orig", error), OF_THE_STATEMENT):
                raise
            raise translated(error, self.engine) from error

    @contextlib.contextmanager
    def lock(self, role: Role = "command") -> Iterator[None]:
        """Be the writer.

        Raises:
            WriterBusy: another process is. NoSpace: nothing can be written.
        """
        self._must_be_writable()
        with writer_lock(self.root / LOCK, role):
            reserve(self.root)
            yield

    @contextlib.contextmanager
    def evaluating(self) -> Iterator[None]:
        """Be the one evaluation that is kept; a writer may go on.

        Raises:
            WriterBusy: another one goes on. NoSpace: nothing can be written.
        """
        self._must_be_writable()
        with evaluation_lock(self.root / EVALUATING):
            yield

    def _must_be_writable(self) -> None:
        if self._unwritable is not None:
            raise self._unwritable

    @contextlib.contextmanager
    def keeping(self) -> Iterator[None]:
        """No file that a row names is removed meanwhile, whoever writes."""
        can_lock = os.access(self.root, os.W_OK)  # also on a full disk
        with keeping_files(self.root / KEEP) if can_lock else contextlib.nullcontext():
            yield

    @contextlib.contextmanager
    def removing(self) -> Iterator[bool]:
        """For the writer: whether files may be removed inside the block. Not to be nested."""
        with removing_files(self.root / KEEP) as nobody_copies:
            yield nobody_copies

    def vectors(self, space: Space) -> LanceSpace:
        """The durable vectors of a space."""
        from mediaindex.store.vectors.lance import LanceSpace

        if space.id not in self._spaces:
            make_private_folder(self.root / "vectors")
            self._spaces[space.id] = LanceSpace(
                self.root / "vectors", space.id, space.dim, space.evidence_dim
            )
        return self._spaces[space.id]

    def forget_handles(self) -> None:
        """Open every vector table anew: one was removed."""
        self._spaces.clear()

    def matrix(self, space: Space) -> MatrixFile:
        """The derived matrix of a space."""
        from mediaindex.store.mapped.matrix import MatrixFile

        return MatrixFile(self.root / MATRIX, space.id, space.dim)

    def bank(self, space: Space) -> BankFile:
        """The bank of queries of a space."""
        from mediaindex.store.mapped.bank import BankFile

        return BankFile(self.root / MATRIX, space.id, space.dim)

    def regions(self, space: Space) -> RegionFiles:
        """What a scorer of regions reads of the frames of a space."""
        from mediaindex.store.mapped.region_files import RegionFiles

        return RegionFiles(self.root / REGIONS, space.id)

    def close(self) -> None:
        """Close the database; the last one to close removes its -wal and -shm files."""
        self.engine.dispose()

    def __enter__(self) -> Library:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def open_library(root: Path, *, create: bool = False) -> Library:
    """Open a library, or make one. Where nothing can be written, it is opened to be read.

    Raises:
        UsageError: there is none and `create` is False.
        NoSpace: the folder cannot be made, or lies on an unfit file system, or cannot even be read.
        SchemaTooNew, StoreError: it cannot be read by this program.
    """
    root = Path(os.path.abspath(root))
    if not (root / DATABASE).is_file():
        if not create:
            raise UsageError(f"there is no library in {root}; make one with 'mediaindex index FOLDER'")
        return _new_library(root)
    if _lost_its_rows(root):
        raise StoreError(f"{root / DATABASE} is empty, and its library is not: {REMEDY}")
    if not (os.access(root, os.W_OK) and os.access(root / DATABASE, os.W_OK)):
        remedy = "copy the library to a disk that can be written"
        return Library(root, unwritable=NoSpace(f"{root} is read-only; {remedy}"))
    library = Library(root)
    try:
        migrate(library.engine)
    except NoSpace as error:
        library.close()
        return Library(root, unwritable=error)
    except MediaIndexError:
        library.close()
        raise
    return library


def _new_library(root: Path) -> Library:
    try:
        make_private_folder(root)
        refuse_unfit(root)
        if not os.access(root, os.W_OK):
            raise NoSpace(f"{root} cannot be written; choose another --library")
        _begin(root)
    except OSError as error:
        raise NoSpace(
            f"the library {root} cannot be made: {error.strerror}; choose another --library"
        ) from error
    library = Library(root)
    try:
        migrate(library.engine)
        _name(library)
    except MediaIndexError:
        library.close()
        raise
    return library


def _lost_its_rows(root: Path) -> bool:
    """Whether the database holds no byte beside frames or vectors: SQLite would take it for a new one."""
    with contextlib.suppress(OSError):
        if not (root / DATABASE).stat().st_size:
            parts = (regular_files(root / name) for name in ("frames", "vectors"))
            return any(next(files, None) is not None for files in parts)
    return False


def _begin(root: Path) -> None:
    """The empty database, which only the owner reads: SQLite gives its mode to what it puts beside it."""
    close_folder(root)  # it may have been there before, open to others
    open(root / DATABASE, "ab", opener=private).close()


def _name(library: Library) -> None:
    """At once, so that a backup need not write to what it copies."""
    with library.write() as connection:
        if get_meta(connection, IDENTITY) is None:
            set_meta(connection, IDENTITY, secrets.token_hex(16))
