"""Revision 0011: captions stay as they are, and some may wait for their video."""

from __future__ import annotations

from pathlib import Path

from mediaindex.store.catalog import fulltext
from mediaindex.store.catalog.database import HEAD, make_engine, revision
from mediaindex.store.library import open_library
from mediaindex.store.notes import captions, waiting
from mediaindex.store.notes.captions import Said
from tests.support.catalogued import add_place
from tests.support.older_libraries import downgraded

DATABASE = "library.sqlite"


def test_an_older_library_keeps_its_captions_and_their_words(library: Path) -> None:
    with open_library(library, create=True) as opened:
        video_id = add_place(opened, "/videos/a.mp4")
        with opened.write() as connection:
            kept = captions.add(connection, video_id, 1.0, 2.0, "a dog", language="en")
    downgraded(library / DATABASE, "0008")
    older = make_engine(library / DATABASE)
    assert revision(older) == "0008"
    older.dispose()
    with open_library(library) as opened:
        assert revision(opened.engine) == HEAD
        with opened.write() as connection:
            assert captions.every(connection) == [kept]
            assert waiting.keep(connection, Path("/videos/b.mp4"), [Said(None, None, "a cat")]) == [True]
            assert len(fulltext.find(connection, "dogs").hits) == 1
            assert captions.remove(connection, [kept.id]) == [kept.id]
            assert fulltext.find(connection, "dogs").hits == []
            assert connection.exec_driver_sql("PRAGMA foreign_key_check").all() == []
