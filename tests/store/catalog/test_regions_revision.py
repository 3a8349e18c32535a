"""Revision 0010: an older library has no evidence of regions, and counts what comes."""

from __future__ import annotations

from mediaindex.store import commit
from mediaindex.store.catalog.database import HEAD, make_engine, revision
from mediaindex.store.commit import Embedded
from mediaindex.store.library import Library, open_library
from mediaindex.store.maintenance.check import wrong_counts
from mediaindex.store.vectors import spaces
from mediaindex.store.vectors.spaces import Space
from tests.support.older_libraries import downgraded
from tests.support.small_library import AddVideo, embeddings

DATABASE = "library.sqlite"


def active(library: Library) -> Space:
    with library.read() as connection:
        space = spaces.active_space(connection)
    assert space is not None
    return space


def test_an_older_library_is_upgraded_when_it_is_opened(
    opened: Library, space: Space, add_video: AddVideo
) -> None:
    commit.put(opened, space, [add_video("/videos/a.mp4"), add_video("/videos/b.mp4", seed=1)])
    opened.close()
    database = opened.root / DATABASE
    downgraded(database, "0008")
    older = make_engine(database)
    assert revision(older) == "0008"
    older.dispose()
    with open_library(opened.root) as upgraded:
        assert revision(upgraded.engine) == HEAD
        found = active(upgraded)
        assert (found.scorer, found.scored) == (None, 0)
        assert found.vectors > 0
        with upgraded.read() as connection:
            assert len(spaces.missing_regions(connection, found.id, "a scorer")) == 2


def test_what_has_evidence_is_counted(opened: Library, space: Space, add_video: AddVideo) -> None:
    one, other = add_video("/videos/a.mp4"), add_video("/videos/b.mp4", seed=1)
    count = len(one.embeddings.vectors)
    with opened.write() as connection:
        spaces.set_scorer(connection, space.id, "a scorer")
    commit.put(opened, space, [one])
    with opened.read() as connection:
        stored = spaces.generations_of(connection, space.id, [one.extraction_id])
    with opened.write() as connection:
        spaces.note_regions(connection, [stored[one.extraction_id][0]], "a scorer")
    assert active(opened).scored == count
    commit.put(opened, space, [other])
    assert active(opened).scored == count
    for scorer, scored in (("another", 0), ("a scorer", count)):
        with opened.write() as connection:
            spaces.set_scorer(connection, space.id, scorer)
        assert active(opened).scored == scored
    commit.put(opened, space, [Embedded(one.video_id, one.extraction_id, embeddings(3, 5))])
    assert active(opened).scored == 0, "newer vectors have none yet"
    with opened.read() as connection:
        assert wrong_counts(connection) == []
