"""Databases of an earlier revision, with the rows of one of today."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

from alembic import command
from alembic.config import Config

from mediaindex.store.catalog import database
from mediaindex.store.catalog.database import make_engine


def downgraded(newer: Path, revision: str) -> None:
    """Replace a database by one of an earlier revision, with all rows for which that has columns."""
    older = newer.with_name("older.sqlite")
    engine = make_engine(older)
    config = Config()
    config.set_main_option("script_location", str(Path(database.__file__).parent / "migrations"))
    config.attributes["engine"] = engine
    command.upgrade(config, revision)
    engine.dispose()
    with closing(sqlite3.connect(older)) as connection:
        connection.execute("ATTACH DATABASE ? AS newer", (str(newer),))
        names = "SELECT name FROM {}.sqlite_master WHERE type = 'table' AND sql NOT LIKE '%VIRTUAL%'"
        common = _names(connection, names.format("main")) & _names(connection, names.format("newer"))
        for table in sorted(common - {"alembic_version"}):
            if table.startswith(("word_index", "sqlite_")):
                continue
            columns = ", ".join(
                sorted(_columns(connection, "main", table) & _columns(connection, "newer", table))
            )
            connection.execute(f"DELETE FROM main.{table}")
            connection.execute(f"INSERT INTO main.{table} ({columns}) SELECT {columns} FROM newer.{table}")
        connection.commit()
    for suffix in ("-wal", "-shm"):
        newer.with_name(newer.name + suffix).unlink(missing_ok=True)
    older.replace(newer)


def _names(connection: sqlite3.Connection, query: str) -> set[str]:
    return {name for (name,) in connection.execute(query)}


def _columns(connection: sqlite3.Connection, schema: str, table: str) -> set[str]:
    return {row[1] for row in connection.execute(f"PRAGMA {schema}.table_info({table})")}
