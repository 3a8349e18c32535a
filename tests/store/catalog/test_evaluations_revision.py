"""Revision 0012: an older library gets the tables of evaluations, and keeps what it has."""

from __future__ import annotations

from pathlib import Path

from mediaindex.store.catalog.database import HEAD, revision
from mediaindex.store.evaluations import runs
from mediaindex.store.library import open_library
from mediaindex.store.notes import captions
from tests.support.catalogued import add_place
from tests.support.older_libraries import downgraded


def test_an_older_library_is_evaluated_like_a_new_one(library: Path) -> None:
    with open_library(library, create=True) as opened:
        video_id = add_place(opened, "/videos/a.mp4")
        with opened.write() as connection:
            kept = captions.add(connection, video_id, 1.0, 2.0, "a dog", language="en")
    downgraded(library / "library.sqlite", "0011")
    with open_library(library) as opened:
        assert revision(opened.engine) == HEAD
        with opened.write() as connection:
            assert captions.every(connection) == [kept]
            assert runs.last_evaluation(connection) is None
            number = runs.begin(connection, versions={}, settings={})
            runs.end(connection, number, line="x", regression=None, tested=True, report=None)
            told = runs.last_evaluation(connection)
            assert told is not None
            assert told.line == "x"
