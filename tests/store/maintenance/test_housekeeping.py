"""Compaction: what the library holds stays, what it takes gets less, and no search notices."""

from __future__ import annotations

import os
import sqlite3
import threading
from contextlib import closing

import numpy as np
import pytest
import sqlalchemy as sa

from mediaindex.errors import MediaIndexError
from mediaindex.store.catalog import locations
from mediaindex.store.catalog.schema import location
from mediaindex.store.commit import put
from mediaindex.store.library import Library, open_library
from mediaindex.store.maintenance import housekeeping
from mediaindex.store.maintenance.check import check
from mediaindex.store.maintenance.housekeeping import compact, extent, tidy
from mediaindex.store.vectors import spaces
from mediaindex.store.vectors.reader import SpaceReader, consistent
from mediaindex.store.vectors.spaces import Space
from tests.support.small_library import AddVideo, frame_count, write_blob


def rows(library: Library, space: Space) -> dict[int, list[bytes]]:
    found = library.vectors(space).read()
    order = np.lexsort((found.frame, found.generation))
    by_generation: dict[int, list[bytes]] = {}
    for number in order:
        by_generation.setdefault(int(found.generation[number]), []).append(found.vector[number].tobytes())
    return by_generation


def forget(library: Library, path: str) -> None:
    with library.write() as connection:
        ids = connection.execute(sa.select(location.c.id).where(location.c.path == path)).scalars()
        locations.remove_locations(connection, list(ids))


@pytest.fixture
def many(opened: Library, space: Space, add_video: AddVideo) -> Library:
    for number in range(12):
        put(opened, space, [add_video(f"/videos/{number}.mp4", seed=number)])
    return opened


def test_compact_leaves_one_version_and_the_same_vectors(many: Library, space: Space) -> None:
    before = rows(many, space)
    done = compact(many)
    assert (done.before.fragments, done.after.fragments) == (12, 1)
    assert done.before.versions > 12
    assert done.after.versions == 1
    assert done.after.files < done.before.files
    assert not done.postponed
    assert rows(many, space) == before
    assert check(many).problems == []
    assert compact(many).after.versions == 1, "again and again, nothing grows"


def test_compact_removes_what_no_row_owns(many: Library, space: Space) -> None:
    forget(many, "/videos/3.mp4")
    stray = write_blob(many.frames, [b"left over"], content="cd")
    many.frames.settle(stray)
    (many.root / "vectors/space_1.lance/data/.tmp12").write_bytes(b"half")
    (many.root / "matrix/space_1.0badcafe.vectors").write_bytes(b"of a killed replace")
    compact(many)
    assert len(rows(many, space)) == 11
    assert frame_count(many.frames, stray) is None
    assert not (many.root / "vectors/space_1.lance/data/.tmp12").exists()
    assert not (many.root / "matrix/space_1.0badcafe.vectors").exists()
    assert len(many.matrix(space).load()) == 36, "a quarter dead would be too much, a twelfth is not"
    assert check(many).problems == []


def test_compact_writes_the_matrix_anew_when_much_of_it_is_dead(many: Library, space: Space) -> None:
    for number in range(6):
        forget(many, f"/videos/{number}.mp4")
    compact(many)
    assert len(many.matrix(space).load()) == 18


def test_compact_gives_free_pages_of_the_database_back(many: Library) -> None:
    with many.write() as connection:
        connection.exec_driver_sql("CREATE TABLE ballast (content)")
        connection.exec_driver_sql("INSERT INTO ballast VALUES (zeroblob(1000000))")
    with many.write() as connection:
        connection.exec_driver_sql("DROP TABLE ballast")
    done = compact(many)
    assert done.after.bytes < done.before.bytes - 1_000_000
    assert (many.root / "library.sqlite-wal").stat().st_size == 0
    with many.outside_transaction() as database:
        assert database.execute("PRAGMA busy_timeout").fetchone() == (30_000,)
        assert database.execute("PRAGMA freelist_count").fetchone() == (0,)


def test_compact_does_not_wait_long_for_a_reader(many: Library, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(housekeeping, "CHECKPOINT_WAIT_MS", 10)
    with closing(sqlite3.connect(many.root / "library.sqlite", isolation_level=None)) as reader:
        reader.execute("BEGIN")
        reader.execute("SELECT * FROM meta").fetchall()
        compact(many)
        reader.execute("SELECT * FROM video").fetchall()
    assert check(many).problems == []


def test_nothing_is_removed_while_a_backup_copies(many: Library, space: Space) -> None:
    forget(many, "/videos/3.mp4")
    kept = {path for path, _size in many.frames.names()}
    with open_library(many.root) as other, other.keeping(), other.keeping():
        done = compact(many)
        assert done.postponed
        assert done.after.fragments == 12
        assert {path for path, _size in many.frames.names()} == kept
        assert len(rows(many, space)) == 12
    done = compact(many)
    assert not done.postponed
    assert (done.after.fragments, len(rows(many, space))) == (1, 11)


def test_searches_go_on_while_versions_vanish(many: Library, space: Space, add_video: AddVideo) -> None:
    """Without the matrix every search reads LanceDB, whose old versions a compaction removes."""
    problems: list[Exception] = []
    served = 0
    over = threading.Event()

    def search() -> None:
        nonlocal served
        with open_library(many.root) as mine:
            while not over.is_set():
                for path in (many.root / "matrix").glob("*.json"):
                    path.unlink(missing_ok=True)

                def read(connection: sa.Connection) -> int:
                    return len(SpaceReader(mine, space).snapshot(connection))

                try:
                    assert consistent(mine, read) >= 12
                    served += 1
                except MediaIndexError as error:
                    problems.append(error)

    searcher = threading.Thread(target=search, daemon=True)
    searcher.start()
    try:
        for number in range(15):
            put(many, space, [add_video(f"/videos/more {number}.mp4", seed=number)])
            assert compact(many).after.versions == 1
    finally:
        over.set()
        searcher.join()
    assert problems == []
    assert served > 5


def test_tidy_waits_for_many_fragments(
    many: Library, space: Space, add_video: AddVideo, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert not tidy(many, space)
    monkeypatch.setattr(housekeeping, "FRAGMENTS_BEFORE_MERGE", 13)
    assert not tidy(many, space)
    put(many, space, [add_video("/videos/one more.mp4")])
    assert tidy(many, space)
    found = extent(many)
    assert found.fragments == 1
    assert found.versions > 13, "a search may still read them"
    assert not tidy(many, space), "the old pieces stay for ten minutes and are no reason to merge again"
    with many.keeping():
        monkeypatch.setattr(housekeeping, "FRAGMENTS_BEFORE_MERGE", 1)
        assert not tidy(many, space)


def test_tidy_removes_old_versions_where_there_are_many(
    many: Library, space: Space, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(housekeeping, "VERSIONS_BEFORE_PRUNE", 10)
    assert not tidy(many, space), "they are young"
    for version in many.vectors(space).versions():
        os.utime(version, (0, 0))
    assert tidy(many, space)


def test_a_space_without_a_table_is_no_trouble(opened: Library, space: Space) -> None:
    assert not tidy(opened, space)
    assert compact(opened).after.versions == 0
    with opened.read() as connection:
        assert [found.id for found in spaces.all_spaces(connection)] == [space.id]
