"""Where a library lives on disk, and how its parts are opened."""

from __future__ import annotations

import contextlib
import os
import secrets
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.exc import DatabaseError, DataError, IntegrityError, ProgrammingError

from mediaindex.errors import MediaIndexError, NoSpace, StoreError, UsageError
from mediaindex.sources.volumes import refuse_unfit
from mediaindex.store.catalog.database import IDENTITY, get_meta, make_engine, migrate, set_meta, translated
from mediaindex.store.frame_cache import FrameCache
from mediaindex.store.layout import DATABASE, KEEP, LOCK, close_folder, make_private_folder, private
from mediaindex.store.lock import Role, keeping_files, removing_files, writer_lock
from mediaindex.store.vectors.lance import LanceSpace
from mediaindex.store.vectors.matrix import MatrixFile
from mediaindex.store.vectors.spaces import Space


class Library:
    """One library: SQLite is the source of truth, vectors/ and frames/ hold what is large.

    Use `open_library`. Attributes:
        root: its folder. read_only: nothing below can be written; searches still work.
        lagging_matrices: spaces whose matrix could not be extended at a commit of this process.
    """

    def __init__(self, root: Path, *, read_only: bool) -> None:
        self.root = root
        self.read_only = read_only
        self.engine = make_engine(root / DATABASE, read_only=read_only)
        self.frames = FrameCache(root / "frames")
        self.lagging_matrices: set[int] = set()
        self._spaces: dict[int, LanceSpace] = {}

    @contextlib.contextmanager
    def read(self) -> Iterator[sa.Connection]:
        """A transaction that sees one snapshot and never waits."""
        with self._errors(), self.engine.connect() as connection, connection.begin():
            yield connection

    @contextlib.contextmanager
    def write(self) -> Iterator[sa.Connection]:
        """A short IMMEDIATE transaction; it never needs the writer lock.

        Raises:
            NoSpace: the disk is full or not writable.
        """
        if self.read_only:
            raise NoSpace(f"{self.root} is read-only; copy the library to a disk that can be written")
        writing = self.engine.execution_options(immediate=True)
        with self._errors(), writing.connect() as connection, connection.begin():
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
            if isinstance(error, DataError | IntegrityError | ProgrammingError):
                raise  # of a value or a statement: the database is well
            raise translated(error, self.engine) from error

    @contextlib.contextmanager
    def lock(self, role: Role = "command") -> Iterator[None]:
        """Be the writer.

        Raises:
            WriterBusy: another process is.
        """
        if self.read_only:
            raise NoSpace(f"{self.root} is read-only; copy the library to a disk that can be written")
        with writer_lock(self.root / LOCK, role):
            yield

    @contextlib.contextmanager
    def keeping(self) -> Iterator[None]:
        """No file that a row names is removed meanwhile, whoever writes."""
        if self.read_only:
            yield
        else:
            with keeping_files(self.root / KEEP):
                yield

    @contextlib.contextmanager
    def removing(self) -> Iterator[bool]:
        """For the writer: whether files may be removed inside the block. Not to be nested."""
        with removing_files(self.root / KEEP) as nobody_copies:
            yield nobody_copies

    def vectors(self, space: Space) -> LanceSpace:
        """The durable vectors of a space."""
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
        return MatrixFile(self.root / "matrix", space.id, space.dim)

    def close(self) -> None:
        """Close the database; the last one to close removes its -wal and -shm files."""
        self.engine.dispose()

    def __enter__(self) -> Library:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def open_library(root: Path, *, create: bool = False) -> Library:
    """Open a library, or make one.

    Raises:
        UsageError: there is none and `create` is False.
        NoSpace: the folder cannot be made or written, or lies on an unfit file system.
        SchemaTooNew, StoreError: it cannot be read by this program.
    """
    root = Path(os.path.abspath(root))
    exists = (root / DATABASE).is_file()
    if not exists and not create:
        raise UsageError(f"there is no library in {root}; make one with 'mediaindex index FOLDER'")
    try:
        if not exists:
            make_private_folder(root)
            refuse_unfit(root)
            _begin(root)
        read_only = not os.access(root, os.W_OK) or (exists and not os.access(root / DATABASE, os.W_OK))
    except OSError as error:
        raise NoSpace(
            f"the library {root} cannot be made: {error.strerror}; choose another --library"
        ) from error
    library = Library(root, read_only=read_only)
    try:
        if read_only and not exists:
            raise NoSpace(f"{root} cannot be written; choose another --library")
        if not read_only:
            migrate(library.engine)
        if not exists:
            _name(library)
        _check_schema(library)
    except MediaIndexError:
        library.close()
        raise
    return library


def _begin(root: Path) -> None:
    """The empty database, which only the owner reads: SQLite gives its mode to what it puts beside it."""
    if os.access(root, os.W_OK):
        close_folder(root)  # it may have been there before, open to others
        open(root / DATABASE, "ab", opener=private).close()


def _name(library: Library) -> None:
    """At once, so that a backup need not write to what it copies."""
    with library.write() as connection:
        if get_meta(connection, IDENTITY) is None:
            set_meta(connection, IDENTITY, secrets.token_hex(16))


def _check_schema(library: Library) -> None:
    try:
        with library.read() as connection:
            connection.execute(sa.text("SELECT value FROM meta LIMIT 1"))
    except DatabaseError as error:
        raise StoreError(f"{library.root / DATABASE} is damaged; run 'mediaindex check --repair'") from error
