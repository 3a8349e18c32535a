"""A library is opened, made, refused and read; a writer waits for another."""

from __future__ import annotations

import os
import sqlite3
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy import event

from mediaindex.errors import NoSpace, SchemaTooNew, StoreError, UsageError
from mediaindex.store.library import Library, open_library


def test_a_library_of_a_newer_schema_is_refused_by_name(library: Path) -> None:
    open_library(library, create=True).close()
    with sqlite3.connect(library / "library.sqlite") as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    connection.close()
    with pytest.raises(SchemaTooNew, match=r"9999.*update mediaindex"):
        open_library(library)


@pytest.mark.parametrize("content", [b"no database at all" * 100, None])
def test_a_damaged_database_is_one_line(library: Path, content: bytes | None) -> None:
    open_library(library, create=True).close()
    path = library / "library.sqlite"
    if content is None:
        whole = bytearray(path.read_bytes())
        whole[4096 : 4096 * 12] = b"\xff" * (4096 * 11)
        content = bytes(whole)
    path.write_bytes(content)
    with pytest.raises(StoreError, match="damaged"):
        open_library(library)


def test_no_library_is_a_usage_error(library: Path) -> None:
    with pytest.raises(UsageError, match="mediaindex index"):
        open_library(library)
    assert not library.exists()


def test_a_new_library_is_its_owners_alone(opened: Library) -> None:
    assert opened.root.stat().st_mode & 0o777 == 0o700


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_library_that_cannot_be_made_is_no_space(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(NoSpace):
        open_library(tmp_path / "library", create=True)


def test_a_library_below_a_file_is_no_space(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(NoSpace, match="another --library"):
        open_library(tmp_path / "file" / "library", create=True)


def test_a_read_only_library_is_read_and_not_written(library: Path) -> None:
    open_library(library, create=True).close()
    opened = Library(library, unwritable=NoSpace("it is read-only"))
    with opened.read() as connection:
        assert connection.execute(sa.text("SELECT value FROM meta")).scalar() == "0"
    with pytest.raises(NoSpace, match="read-only"), opened.write():
        pass
    with pytest.raises(NoSpace, match="read-only"), opened.lock():
        pass
    opened.close()


def test_a_writer_waits_for_another_and_a_reader_does_not(opened: Library) -> None:
    with opened.write() as writing:
        writing.execute(sa.text("INSERT INTO meta VALUES ('a', '1')"))
        with opened.read() as reading:
            assert reading.execute(sa.text("SELECT count(*) FROM meta WHERE key = 'a'")).scalar() == 0
    with opened.read() as reading:
        assert reading.execute(sa.text("SELECT count(*) FROM meta WHERE key = 'a'")).scalar() == 1


@pytest.mark.parametrize("words", ["BEGIN", "UPDATE", "PRAGMA"])
def test_an_interrupt_within_a_statement_stays_one(opened: Library, words: str) -> None:
    """It is no damage, and the lock is given back."""
    statement = sa.text("UPDATE meta SET value = value")

    def interrupted(_connection: object, _cursor: object, sql: str, *_: object) -> None:
        if sql.startswith(words):
            raise KeyboardInterrupt

    event.listen(opened.engine, "after_cursor_execute", interrupted)

    def write() -> None:
        with opened.write() as connection:
            connection.execute(statement)
            connection.exec_driver_sql("PRAGMA user_version")

    with pytest.raises(KeyboardInterrupt) as stopped:  # whose traceback holds the cursor
        write()
    event.remove(opened.engine, "after_cursor_execute", interrupted)
    write()
    assert stopped.tb is not None


def test_a_wrong_use_of_the_driver_is_not_called_damage(opened: Library) -> None:
    with pytest.raises(sqlite3.ProgrammingError), opened.outside_transaction() as connection:
        connection.execute("SELECT ?", ())
