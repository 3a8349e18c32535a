"""Revision 0004: the next writer looks for what an older library left, and notes the sizes of blobs."""

from __future__ import annotations

from pathlib import Path

import pytest
from alembic import command
from alembic.config import Config

from mediaindex.errors import StoreError
from mediaindex.store.catalog import database, videos
from mediaindex.store.catalog.database import CLEAN, make_engine, migrate, revision
from mediaindex.store.commit import recover, sweep
from mediaindex.store.frame_cache import FrameCache
from mediaindex.store.library import Library, open_library
from tests.support.small_library import write_blob

PICTURE = b"a picture"


@pytest.fixture
def older(library: Path) -> Path:
    """A library of the revision before, whose last writer ended in order: a film, and a blob of none."""
    library.mkdir()
    engine = make_engine(library / "library.sqlite")
    config = Config()
    config.set_main_option("script_location", str(Path(database.__file__).parent / "migrations"))
    config.attributes["engine"] = engine
    command.upgrade(config, "0003")
    cache = FrameCache(library / "frames")
    name = write_blob(cache, [PICTURE] * 2, content="ab" * 16)
    write_blob(cache, [PICTURE], content="cd" * 16)
    with engine.execution_options(immediate=True).begin() as connection:
        run = connection.exec_driver_sql
        run("INSERT INTO meta (key, value) VALUES ('clean', '1')")
        run("INSERT INTO volume (id, uid, mount_point) VALUES (1, 'v', '/')")
        run(
            "INSERT INTO video (id, size, partial_hash, container, codec, duration_seconds, width, height, "
            "rotation, tags, streams, added_at) "
            "VALUES (1, 1, 'p', 'mov', 'h264', 6, 64, 48, 0, '{}', '[]', 0)"
        )
        run(
            "INSERT INTO location (id, path, volume_id, video_id, size, mtime_ns, confirmed) "
            "VALUES (1, ?, 1, 1, 1, 1, 1)",
            (b"/v/beach.mp4",),
        )
        run(
            "INSERT INTO extraction (id, video_id, frame_file, decoder, sampling, frames, cuts, "
            "damaged_packets, created_at) VALUES (1, 1, ?, 'd', 's', 2, '[]', 0, 0)",
            (name,),
        )
        run("INSERT INTO frame (extraction_id, ordinal, seconds) VALUES (1, 0, 0), (1, 1, 2)")
    engine.dispose()
    return library


def clean(library: Library) -> str | None:
    with library.read() as connection:
        return database.get_meta(connection, CLEAN)


def test_the_next_writer_takes_stock_of_the_frame_cache(older: Path) -> None:
    with open_library(older) as library:
        assert clean(library) == "0"
        with library.read() as connection:
            assert videos.cached_bytes(connection) is None
        recover(library)
        ((_name, size),) = library.frames.names()
        with library.read() as connection:
            assert videos.cached_bytes(connection) == size


def test_a_blob_is_thrown_away_with_its_row_whatever_removes_the_row(older: Path) -> None:
    with open_library(older) as library:
        recover(library)
        with library.write() as connection:
            connection.exec_driver_sql("DELETE FROM video")
        with library.read() as connection:
            assert len(videos.blobs_thrown_away(connection)) == 1
        sweep(library)
        assert list(library.frames.names()) == []
        with library.read() as connection:
            assert videos.blobs_thrown_away(connection) == []


def test_an_upgrade_that_breaks_off_leaves_the_library_as_it_was(older: Path) -> None:
    engine = make_engine(older / "library.sqlite")
    with engine.execution_options(immediate=True).begin() as connection:
        connection.exec_driver_sql("CREATE TABLE garbage_blob (in_the_way TEXT)")
    with pytest.raises(StoreError, match="garbage_blob"):
        migrate(engine)
    assert revision(engine) == "0003"
    with engine.connect() as connection:
        columns = connection.exec_driver_sql("SELECT name FROM pragma_table_info('extraction')").scalars()
        assert "blob_bytes" not in set(columns)
    engine.dispose()
