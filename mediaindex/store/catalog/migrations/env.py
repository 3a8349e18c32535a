"""Alembic's environment: one transaction a revision, foreign keys off while tables are rebuilt."""

from __future__ import annotations

import sqlite3

import sqlalchemy as sa
from alembic import context

engine: sa.Engine = context.config.attributes["engine"].execution_options(immediate=True)

with engine.connect() as connection:
    # The pragma is ignored inside a transaction, and SQLAlchemy begins one for every statement:
    # the driver's connection is asked directly. Without it, rebuilding a parent table would
    # delete all its children.
    driver = connection.connection.driver_connection
    assert isinstance(driver, sqlite3.Connection)
    driver.execute("PRAGMA foreign_keys=OFF")
    try:
        context.configure(connection=connection, transaction_per_migration=True, render_as_batch=True)
        with context.begin_transaction():
            context.run_migrations()
        if driver.execute("PRAGMA foreign_key_check").fetchone():
            raise RuntimeError("a migration left rows without their parent")
    finally:
        driver.execute("PRAGMA foreign_keys=ON")
