"""Revision 0008: an older library keeps all that it holds, and can be written about."""

from __future__ import annotations

from pathlib import Path

from mediaindex.store import answers
from mediaindex.store.catalog.database import HEAD, make_engine, revision
from mediaindex.store.library import open_library
from mediaindex.store.notes import captions, marks
from tests.support.catalogued import add_place
from tests.support.older_libraries import downgraded

DATABASE = "library.sqlite"


def test_an_older_library_is_upgraded_when_it_is_opened(library: Path) -> None:
    with open_library(library, create=True) as opened:
        video_id = add_place(opened, "/videos/a.mp4")
        answers.remember(opened, "dog", [{"rank": 1}])
    downgraded(library / DATABASE, "0007")
    older = make_engine(library / DATABASE)
    assert revision(older) == "0007"
    older.dispose()
    with open_library(library) as opened:
        assert revision(opened.engine) == HEAD
        found = answers.last(opened)
        assert found is not None
        assert (found.query, found.hits, found.in_history) == ("dog", [{"rank": 1}], True)
        with opened.write() as connection:
            kept = captions.add(connection, video_id, 1.0, 2.0, "a dog")
            marks.put(connection, "dog", video_id, 1.0, is_right=True)
            assert captions.every(connection) == [kept]
            assert connection.exec_driver_sql("PRAGMA foreign_key_check").all() == []
