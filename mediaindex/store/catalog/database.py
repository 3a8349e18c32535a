"""library.sqlite: its engine, its pragmas, its schema version, and the single values in `meta`."""

from __future__ import annotations

import contextlib
import dataclasses
import os
import secrets
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import quote

import sqlalchemy as sa
from sqlalchemy import Connection, event
from sqlalchemy.dialects.sqlite import insert
from sqlalchemy.exc import DatabaseError, StatementError

from mediaindex.errors import NoSpace, SchemaTooNew, StoreError, WriterBusy
from mediaindex.store.catalog.schema import meta

HEAD = "0013"
"""Revision that this program reads and writes; the newest file in migrations/versions."""

# Keys of `meta`.
ACTIVE = "active_space"
"""The id of the space that serves searches."""
EPOCH = "sweep_epoch"
"""Counts the sweeps: a search that saw another number asks again."""
CLEAN = "clean"
"""The clean-shutdown flag: 1 where the last writer ended in order, so that nothing is left of a kill."""
IDENTITY = "library"
"""A random name, by which a backup knows whose it is."""

UNSTORABLE = (OverflowError, UnicodeError, StatementError)
"""What is raised for a value that the catalog cannot hold. It came out of a file, and costs that file alone.

The database's own troubles (full disk, lock, damage) are raised as what `translated` makes of them."""

VALUES_AT_ONCE = 500
"""SQLite's statements have at most 32 766 values."""
Value = TypeVar("Value")

REMEDY = "'mediaindex restore DIR' brings a backup back; without one, remove this file and index again"
"""What helps where library.sqlite itself is damaged, from which all else could be mended."""
PATIENCE_MS = 30_000
"""How long a transaction waits for another process's."""
READING_PRAGMAS = (f"busy_timeout={PATIENCE_MS}", "foreign_keys=ON")
PRAGMAS = (*READING_PRAGMAS, "journal_mode=WAL", "synchronous=FULL")


def make_engine(path: Path, *, read_only: bool = False) -> sa.Engine:
    """An engine whose transactions are explicit.

    Writers use `engine.execution_options(immediate=True)`: a deferred transaction that has read
    fails at once when it writes after another commit, whatever the busy timeout.

    Args:
        read_only: it is a file that nobody changes, with no log beside it, such as that of a backup.
    """
    if read_only:
        return _explicit(_engine_of(f"{_uri(path)}?immutable=1"), READING_PRAGMAS)
    return _explicit(sa.create_engine(sa.URL.create("sqlite", database=str(path))), PRAGMAS)


def make_reading_engine(path: Path) -> sa.Engine:
    """An engine for a database beside which nothing can be written: on a full or read-only disk.

    Raises:
        SchemaTooNew, StoreError: it cannot be read by this program.
        NoSpace: SQLite can open it in no way. WriterBusy: another process keeps it to itself.
    """
    errors: list[NoSpace] = []
    for way in _ways_to_read(path):
        try:
            return way.open()
        except NoSpace as error:
            errors.append(error)
    raise errors[0]


@dataclass(frozen=True, slots=True)
class _Way:
    """How SQLite reads a database beside which it cannot write.

    Attributes:
        pragmas: of the connection to the file.
        is_copied: what is read is a copy in memory, and the file is closed again.
    """

    uri: str
    pragmas: Sequence[str] = READING_PRAGMAS
    is_copied: bool = False

    def open(self) -> sa.Engine:
        """An engine that reads the revision HEAD; an older one is copied, and the copy brought to HEAD.

        Raises:
            NoSpace: SQLite cannot open the database in this way.
        """
        engine = self._copy() if self.is_copied else _explicit(_engine_of(self.uri), self.pragmas)
        try:
            if revision(engine) == HEAD:
                return engine
            if self.is_copied:
                migrate(engine)
                return engine
        except BaseException:
            engine.dispose()  # an open connection holds a lock
            raise
        engine.dispose()
        return dataclasses.replace(self, is_copied=True).open()

    def _copy(self) -> sa.Engine:
        name = f"file:{secrets.token_hex(8)}?mode=memory&cache=shared"
        engine = _explicit(_engine_of(name), READING_PRAGMAS)
        keeper = _connected(name)  # the copy is there while a connection to it is open
        event.listen(engine, "engine_disposed", lambda _engine: keeper.close())
        try:
            with closing(_connected(self.uri)) as source:
                for pragma in self.pragmas:
                    source.execute(f"PRAGMA {pragma}")
                # This takes the lock, or gives up in time: `backup` tries for ever.
                source.execute("SELECT count(*) FROM sqlite_master").fetchall()
                source.backup(keeper)
        except sqlite3.DatabaseError as error:
            engine.dispose()
            raise translated(error, engine) from error
        return engine


def _ways_to_read(path: Path) -> Iterator[_Way]:
    """The ways to read a database without writing beside it, the one that costs least first.

    In WAL mode the newest commits are in its log (-wal), which is read through an index in shared memory
    (-shm). Without room for that index, or without permission to make it, SQLite opens the database alone
    (immutable), which is right only if the log is empty; or with an index in its own memory, which is right
    only if no other process uses the database meanwhile.
    """
    uri, log = _uri(path), path.with_name(f"{path.name}-wal")
    yield _Way(f"{uri}?mode=ro")  # the log and its index are there
    is_writable = os.access(path, os.W_OK) and os.access(path.parent, os.W_OK)
    alone = ("locking_mode=EXCLUSIVE", *READING_PRAGMAS)
    if is_writable:
        yield _Way(uri, alone, is_copied=True)
    if not log.exists() or not log.stat().st_size:
        yield _Way(f"{uri}?immutable=1")
    elif not is_writable:
        # Nobody can write here, and a lock cannot be had.
        yield _Way(f"{uri}?mode=ro&vfs=unix-none", alone, is_copied=True)


def _uri(path: Path) -> str:
    return f"file:{quote(os.fsencode(path))}"


def _engine_of(uri: str) -> sa.Engine:
    return sa.create_engine("sqlite://", creator=lambda: _connected(uri), poolclass=sa.QueuePool)


def _connected(uri: str) -> sqlite3.Connection:
    return sqlite3.connect(uri, uri=True, check_same_thread=False)


def _explicit(engine: sa.Engine, pragmas: Sequence[str]) -> sa.Engine:
    """The engine with these pragmas. Transactions begin where SQLAlchemy says so; an interrupt ends them."""

    @event.listens_for(engine, "connect")
    def _connect(connection: Any, _record: object) -> None:
        connection.isolation_level = None
        try:
            for pragma in pragmas:
                connection.execute(f"PRAGMA {pragma}")
        except sqlite3.DatabaseError:
            connection.close()  # nobody else would, and its lock would keep others away
            raise

    @event.listens_for(engine, "begin")
    def _begin(connection: sa.Connection) -> None:
        immediate = connection.get_execution_options().get("immediate")
        connection.exec_driver_sql("BEGIN IMMEDIATE" if immediate else "BEGIN")

    @event.listens_for(engine, "handle_error")
    def _keep_open(context: sa.engine.ExceptionContext) -> None:
        # SQLAlchemy would close a connection in which an interrupt came. A statement that was not read to its
        # end keeps SQLite's lock then, until Python drops the cursor; a rollback gives the lock back.
        if isinstance(context.original_exception, KeyboardInterrupt):
            context.is_disconnect = False

    return engine


@contextlib.contextmanager
def waiting_at_most(connection: Connection, milliseconds: int) -> Iterator[None]:
    """Let a connection give up sooner than others do where another process's transaction is in its way."""
    driver = connection.connection.driver_connection
    assert isinstance(driver, sqlite3.Connection)
    driver.execute(f"PRAGMA busy_timeout={milliseconds}")
    try:
        yield
    finally:
        driver.execute(f"PRAGMA busy_timeout={PATIENCE_MS}")


def revision(engine: sa.Engine) -> str | None:
    """The schema revision of the file, None for an empty one.

    Raises:
        StoreError: the file is no SQLite database, or is damaged.
    """
    try:
        with engine.connect() as connection, connection.begin():
            if not sa.inspect(connection).has_table("alembic_version"):
                return None
            return connection.execute(sa.text("SELECT version_num FROM alembic_version")).scalar()
    except DatabaseError as error:
        raise translated(error, engine) from error


def translated(
    error: DatabaseError | sqlite3.DatabaseError, engine: sa.Engine
) -> NoSpace | StoreError | WriterBusy:
    """The user's error for SQLite's: full disk, permission and a long lock apart from damage."""
    text = str(error.orig if isinstance(error, DatabaseError) else error)
    where = engine.url.database or "library.sqlite"
    if any(word in text for word in ("disk is full", "readonly database", "unable to open")):
        return NoSpace(f"{where}: {text}; free space on this disk or check its permissions")
    if "is locked" in text:
        return WriterBusy(f"{where} was locked by another process for too long; run the command again")
    if "disk I/O error" in text:
        return NoSpace(f"{where}: {text}; check the disk and its free space")
    return StoreError(f"{where} is damaged ({text}); {REMEDY}")


def migrate(engine: sa.Engine) -> None:
    """Bring the schema to HEAD; nothing is done where it is there already.

    Raises:
        SchemaTooNew: the file has a revision that this program does not know.
    """
    current = revision(engine)
    if current == HEAD:
        return
    # Alembic costs 0.3 s of import: only a new or an old library pays it.
    from alembic import command
    from alembic.config import Config
    from alembic.script import ScriptDirectory

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations").replace("%", "%%"))
    known = {script.revision for script in ScriptDirectory.from_config(config).walk_revisions()}
    if current is not None and current not in known:
        raise SchemaTooNew(
            f"{engine.url.database} was written by a newer mediaindex (schema {current}); "
            "update mediaindex to open it"
        )
    config.attributes["engine"] = engine
    try:
        command.upgrade(config, "head")
    except DatabaseError as error:
        raise translated(error, engine) from error


def in_chunks(values: Sequence[Value], size: int = VALUES_AT_ONCE) -> Iterator[Sequence[Value]]:
    """The values in their order, as many at once as a statement may take."""
    for start in range(0, len(values), size):
        yield values[start : start + size]


def get_meta(connection: Connection, key: str) -> str | None:
    """One value of `meta`."""
    return connection.execute(sa.select(meta.c.value).where(meta.c.key == key)).scalar()


def set_meta(connection: Connection, key: str, value: str) -> None:
    """Set one value of `meta`."""
    upsert = insert(meta).values(key=key, value=value)
    connection.execute(upsert.on_conflict_do_update(index_elements=["key"], set_={"value": value}))


def active_space_id(connection: Connection) -> int | None:
    """The id of the space that serves searches, None before anything was embedded."""
    stored = get_meta(connection, ACTIVE)
    return None if stored is None else int(stored)
