"""library.sqlite: its engine, its pragmas, its schema version, and the single values in `meta`."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import quote

import sqlalchemy as sa
from sqlalchemy import Connection, event
from sqlalchemy.dialects.sqlite import insert
from sqlalchemy.exc import DatabaseError

from mediaindex.errors import NoSpace, SchemaTooNew, StoreError, WriterBusy
from mediaindex.store.catalog.schema import meta

HEAD = "0002"
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

UNSTORABLE = (OverflowError, UnicodeError, sa.exc.StatementError)
"""What is raised for a value that the catalog cannot hold. It came out of a file, and costs that file alone.

The database's own troubles (full disk, lock, damage) are raised as what `translated` makes of them."""

VALUES_AT_ONCE = 500
"""SQLite's statements have at most 32 766 values."""
Value = TypeVar("Value")

PRAGMAS = ("busy_timeout=30000", "foreign_keys=ON", "journal_mode=WAL", "synchronous=FULL")


def make_engine(path: Path, *, read_only: bool = False) -> sa.Engine:
    """An engine whose transactions are explicit.

    Writers use `engine.execution_options(immediate=True)`: a deferred transaction that has read
    fails at once when it writes after another commit, whatever the busy timeout.

    Args:
        read_only: the folder cannot be written; WAL then opens only as immutable.
    """
    if read_only:
        url = f"file:{quote(os.fsencode(path))}?immutable=1"
        engine = sa.create_engine(
            "sqlite://", creator=lambda: sqlite3.connect(url, uri=True, check_same_thread=False)
        )
    else:
        engine = sa.create_engine(sa.URL.create("sqlite", database=str(path)))

    @event.listens_for(engine, "connect")
    def _connect(connection: Any, _record: object) -> None:
        connection.isolation_level = None
        for pragma in PRAGMAS[:2] if read_only else PRAGMAS:
            connection.execute("PRAGMA " + pragma)

    @event.listens_for(engine, "begin")
    def _begin(connection: sa.Connection) -> None:
        immediate = connection.get_execution_options().get("immediate")
        connection.exec_driver_sql("BEGIN IMMEDIATE" if immediate else "BEGIN")

    return engine


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
    return StoreError(f"{where} is damaged ({text}); run 'mediaindex check --repair'")


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
