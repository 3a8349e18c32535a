"""library.sqlite: its revision, its single values, and SQLite's errors in a person's words."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import OperationalError

from mediaindex.errors import MediaIndexError, NoSpace, SchemaTooNew, StoreError, WriterBusy
from mediaindex.store.catalog import database
from mediaindex.store.catalog.database import (
    HEAD,
    active_space_id,
    get_meta,
    make_engine,
    migrate,
    revision,
    set_meta,
    translated,
)


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[sa.Engine]:
    made = make_engine(tmp_path / "library.sqlite")
    yield made
    made.dispose()


def test_an_empty_file_has_no_revision_and_is_brought_to_the_newest(engine: sa.Engine) -> None:
    assert revision(engine) is None
    migrate(engine)
    assert revision(engine) == HEAD


def test_the_newest_revision_is_the_newest_file() -> None:
    versions = Path(database.__file__).parent / "migrations" / "versions"
    assert max(path.name.partition("_")[0] for path in versions.glob("[0-9]*.py")) == HEAD


def test_a_revision_that_is_not_known_is_refused_and_left_as_it_is(engine: sa.Engine) -> None:
    migrate(engine)
    with engine.execution_options(immediate=True).begin() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '0999'")
    with pytest.raises(SchemaTooNew, match="schema 0999"):
        migrate(engine)
    assert revision(engine) == "0999"


def test_what_is_no_database_is_damaged(tmp_path: Path) -> None:
    (tmp_path / "library.sqlite").write_bytes(b"no database at all" * 100)
    engine = make_engine(tmp_path / "library.sqlite")
    with pytest.raises(StoreError, match="mediaindex restore"):
        revision(engine)
    engine.dispose()


def test_values_are_set_and_set_anew(engine: sa.Engine) -> None:
    migrate(engine)
    with engine.execution_options(immediate=True).begin() as connection:
        assert get_meta(connection, "colour") is None
        set_meta(connection, "colour", "red")
        set_meta(connection, "colour", "blue")
        assert get_meta(connection, "colour") == "blue"
        assert active_space_id(connection) is None
        set_meta(connection, database.ACTIVE, "7")
        assert active_space_id(connection) == 7


def test_a_read_only_database_is_read_under_any_name(tmp_path: Path) -> None:
    path = tmp_path / "50% a?b#c" / "library.sqlite"
    path.parent.mkdir()
    writable = make_engine(path)
    migrate(writable)
    writable.dispose()
    engine = make_engine(path, read_only=True)
    assert revision(engine) == HEAD
    with (
        pytest.raises(OperationalError, match="readonly"),
        engine.execution_options(immediate=True).begin() as connection,
    ):
        set_meta(connection, "a", "b")
    engine.dispose()


@pytest.mark.parametrize(
    ("text", "kind", "word"),
    [
        ("database or disk is full", NoSpace, "free space"),
        ("attempt to write a readonly database", NoSpace, "permissions"),
        ("unable to open database file", NoSpace, "permissions"),
        ("disk I/O error", NoSpace, "check the disk"),
        ("database is locked", WriterBusy, "again"),
        ("database disk image is malformed", StoreError, "mediaindex restore"),
    ],
)
def test_errors_of_sqlite_are_told_apart(
    engine: sa.Engine, text: str, kind: type[MediaIndexError], word: str
) -> None:
    error = translated(sqlite3.OperationalError(text), engine)
    assert type(error) is kind
    assert "library.sqlite" in str(error)
    assert word in str(error)


@pytest.mark.parametrize("is_new", [True, False])
def test_a_reading_engine_gives_the_newest_schema_and_leaves_the_file(tmp_path: Path, is_new: bool) -> None:
    path = tmp_path / "library.sqlite"
    path.touch()
    if not is_new:
        writable = make_engine(path)
        migrate(writable)
        writable.dispose()
    before = path.read_bytes()
    engine = database.make_reading_engine(path)
    assert revision(engine) == HEAD
    with engine.connect() as one, engine.connect() as other, one.begin(), other.begin():
        assert get_meta(one, database.ACTIVE) is get_meta(other, database.ACTIVE) is None
    engine.dispose()
    assert path.read_bytes() == before


def test_what_is_no_database_is_damaged_for_a_reader_too(tmp_path: Path) -> None:
    (tmp_path / "library.sqlite").write_bytes(b"no database at all" * 100)
    with pytest.raises(StoreError, match="mediaindex restore"):
        database.make_reading_engine(tmp_path / "library.sqlite")
