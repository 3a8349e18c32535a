"""Revisions 0003 and 0004: an older library is brought to words of every script and their stems, or stays."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from sqlalchemy import event

from mediaindex.errors import NoSpace
from mediaindex.store.catalog import database, fulltext
from mediaindex.store.catalog.database import HEAD, make_engine, migrate, revision

TAGS = {
    "major_brand": "isom",
    "minor_version": "512",
    "encoder": "Lavf61.1.100",
    "com.apple.quicktime.make": "Apple",
    "com.apple.quicktime.model": "iPhone 13",
    "comment": "gift of my uncle",
    "title": "Brand new bicycle",
}
CUES = ("한국어로", "синий чайник", "今天在海边看到一只狗", "an apple on the table", "नमस्ते")


def make_older(engine: sa.Engine, *, copies: int = 1) -> None:
    """The library of the revision before, with a film that has words of each kind."""
    config = Config()
    config.set_main_option("script_location", str(Path(database.__file__).parent / "migrations"))
    config.attributes["engine"] = engine
    command.upgrade(config, "0002")
    with engine.execution_options(immediate=True).begin() as connection:
        run = connection.exec_driver_sql
        run("INSERT INTO volume (id, uid, mount_point) VALUES (1, 'v', '/')")
        run(
            "INSERT INTO video (id, size, partial_hash, container, codec, duration_seconds, width, height, "
            "rotation, camera, title, tags, streams, added_at) "
            "VALUES (1, 1, 'p', 'mov', 'h264', 6.0, 64, 48, 0, 'Apple iPhone 13', 'Brand new bicycle', ?, "
            "'[]', 0.0)",
            (json.dumps(TAGS),),
        )
        run(
            "INSERT INTO location (id, path, volume_id, video_id, size, mtime_ns, confirmed) "
            "VALUES (1, ?, 1, 1, 1, 1, 1)",
            (b"/v/trip/beach.mp4",),
        )
        run(
            "INSERT INTO subtitle (id, video_id, location_id, file, forced, size, mtime_ns) "
            "VALUES (1, 1, 1, 'beach.srt', 0, 1, 1)"
        )
        about = "INSERT INTO word (video_id, location_id, field, text) VALUES (1, ?, ?, ?)"
        run(about, (1, "name", "beach"))
        run(about, (1, "folder", "trip"))
        run(about, (None, "title", "Brand new bicycle"))
        for text in TAGS.values():
            run(about, (None, "tag", text))
        cue = (
            "INSERT INTO word (video_id, location_id, subtitle_id, field, text, start_seconds, end_seconds) "
            "VALUES (1, 1, 1, 'subtitle', ?, ?, ?)"
        )
        for _copy in range(copies):
            for second, text in enumerate(CUES):
                run(cue, (text, 2.0 * second, 2.0 * second + 1))


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[sa.Engine]:
    made = make_engine(tmp_path / "library.sqlite")
    yield made
    made.dispose()


def check_indexes(connection: sa.Connection) -> None:
    for index in ("word_index", "word_index_cues"):
        connection.exec_driver_sql(f"INSERT INTO {index}({index}) VALUES ('integrity-check')")


def found(engine: sa.Engine, text: str) -> list[tuple[float | None, str]]:
    with engine.connect() as connection, connection.begin():
        hits = fulltext.find(connection, text).hits
    return [(hit.start_seconds, field) for hit in hits for _term, field in hit.found]


def test_an_older_library_finds_what_it_holds(engine: sa.Engine) -> None:
    make_older(engine)
    assert revision(engine) == "0002"
    migrate(engine)
    assert revision(engine) == HEAD
    assert found(engine, "한국어") == [(0.0, "subtitle")]
    assert found(engine, "чайник") == [(2.0, "subtitle")]
    assert found(engine, "海边") == [(4.0, "subtitle")]
    assert found(engine, "नमस्ते") == [(8.0, "subtitle")]
    assert found(engine, "beach") == [(None, "name")]
    assert found(engine, "trip") == [(None, "folder")]
    assert found(engine, "bicycle") == [(None, "title")]
    assert found(engine, "uncle") == [(None, "tag")]
    assert found(engine, "iphone 13") == [(None, "camera"), (None, "camera")]
    assert found(engine, "apple") == [(6.0, "subtitle"), (None, "camera")]
    assert found(engine, "isom") == found(engine, "512") == found(engine, "lavf61") == []


def test_what_was_upgraded_goes_on_as_a_new_library(engine: sa.Engine) -> None:
    make_older(engine)
    migrate(engine)
    with engine.execution_options(immediate=True).begin() as connection:
        check_indexes(connection)
        fulltext.set_video_words(connection, 1, title=None, camera=None, tags={"comment": "海边の日"})
    assert found(engine, "uncle") == []
    assert (None, "tag") in found(engine, "海边")
    with engine.execution_options(immediate=True).begin() as connection:
        connection.exec_driver_sql("DELETE FROM video")
        assert connection.exec_driver_sql("SELECT COUNT(*) FROM word").scalar_one() == 0
        check_indexes(connection)


def test_a_full_disk_leaves_the_library_as_it_was(engine: sa.Engine, tmp_path: Path) -> None:
    make_older(engine, copies=200)
    engine.dispose()
    narrow = make_engine(tmp_path / "library.sqlite")
    event.listen(narrow, "connect", lambda driver, _record: driver.execute("PRAGMA max_page_count=1"))
    with pytest.raises(NoSpace, match="free space"):
        migrate(narrow)
    assert revision(narrow) == "0002"
    with narrow.connect() as connection, connection.begin():
        old = "SELECT COUNT(*) FROM word_index WHERE word_index MATCH 'bicycle'"
        assert connection.exec_driver_sql(old).scalar_one() == 2
    narrow.dispose()
    migrate(engine)
    assert revision(engine) == HEAD
    assert found(engine, "海边")


def test_a_library_of_folded_words_gets_stems_and_readings(engine: sa.Engine) -> None:
    make_older(engine)
    config = Config()
    config.set_main_option("script_location", str(Path(database.__file__).parent / "migrations"))
    config.attributes["engine"] = engine
    command.upgrade(config, "0003")
    with engine.execution_options(immediate=True).begin() as connection:
        run = connection.exec_driver_sql
        run("UPDATE subtitle SET language = 'de'")
        run(
            "INSERT INTO word (video_id, location_id, field, text, folded) "
            "VALUES (1, 1, 'name', 'beachWalk2', 'beachwalk2')"
        )
        run(
            "INSERT INTO word (video_id, location_id, subtitle_id, field, text, folded, start_seconds, "
            "end_seconds) VALUES (1, 1, 1, 'subtitle', 'alte Häuser', 'alte hauser', 40.0, 41.0)"
        )
    migrate(engine)
    assert revision(engine) == HEAD
    assert found(engine, "haus") == [(40.0, "subtitle")]
    assert found(engine, "walk 2") == [(None, "name"), (None, "name")]
    assert found(engine, "bicycles") == [(None, "title")]
    with engine.connect() as connection, connection.begin():
        check_indexes(connection)
        (correction,) = fulltext.find(connection, "bycicle").corrected
    assert correction == fulltext.Correction("bycicle", "bicycle")
