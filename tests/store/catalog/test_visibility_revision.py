"""Revision 0005: an older library keeps all it holds, and logs from then on what becomes visible or not."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from alembic import command
from alembic.config import Config

from mediaindex.store import forgetting
from mediaindex.store.catalog import database, locations
from mediaindex.store.catalog.database import HEAD, make_engine, migrate, revision
from mediaindex.store.catalog.schema import location, visibility_change
from mediaindex.store.commit import Embedded, put, sweep
from mediaindex.store.library import Library
from mediaindex.store.vectors import spaces
from mediaindex.store.vectors.spaces import Space
from tests.support.small_library import AddVideo, make_space

OLDER_COLUMNS = {
    **dict.fromkeys(("location", "segment", "frame", "garbage"), "*"),
    "indexed": "video_id, space_id, extraction_id, generation, vectors",
    "video": "id, hash, size, partial_hash, container, codec, duration_seconds, fps, tags, streams, added_at",
    "space": "id, encoder, digest, preprocessing, dim, evidence_dim, blend, state, created_at",
}
A, B = Path("/videos/a.mp4"), Path("/videos/b.mp4")


@pytest.fixture
def older(tmp_path: Path) -> Iterator[sa.Engine]:
    """A library of the revision before, with a video that is visible and one that is not."""
    made = make_engine(tmp_path / "library.sqlite")
    config = Config()
    config.set_main_option("script_location", str(Path(database.__file__).parent / "migrations"))
    config.attributes["engine"] = made
    command.upgrade(config, "0003")
    with made.execution_options(immediate=True).begin() as connection:
        run = connection.exec_driver_sql
        run("INSERT INTO meta (key, value) VALUES ('mine', 'kept')")
        run("INSERT INTO volume (id, uid, mount_point) VALUES (1, 'v', '/')")
        run(
            "INSERT INTO space (id, encoder, digest, preprocessing, dim, blend, state, created_at) "
            "VALUES (1, 'e', 'd', 'p', 8, 0.5, 'serving', 0.0)"
        )
        for number, forgotten in ((1, None), (2, 5.0)):
            run(
                "INSERT INTO video (id, size, partial_hash, container, codec, duration_seconds, width, "
                "height, rotation, tags, streams, added_at) "
                "VALUES (?, 1, 'p', 'mov', 'h264', 6.0, 64, 48, 0, '{}', '[]', 0.0)",
                (number,),
            )
            run(
                "INSERT INTO location (id, path, volume_id, video_id, size, mtime_ns, confirmed, "
                "forgotten_at) VALUES (?, ?, 1, ?, 1, 1, 1, ?)",
                (number, f"/v/{number}.mp4".encode(), number, forgotten),
            )
            run(
                "INSERT INTO extraction (id, video_id, frame_file, decoder, sampling, frames, cuts, "
                "damaged_packets, created_at) VALUES (?, ?, ?, 'd', 's', 1, '[]', 0, 0.0)",
                (number, number, f"{number}.mif"),
            )
            run("INSERT INTO frame (extraction_id, ordinal, seconds) VALUES (?, 0, 0.0)", (number,))
            run("INSERT INTO indexed VALUES (?, 1, ?, ?, 1)", (number, number, 100 + number))
    yield made
    made.dispose()


def rows_of(engine: sa.Engine) -> dict[str, list[tuple[Any, ...]]]:
    """Every row of the tables that say what is visible, in the columns that the older revision has."""
    with engine.connect() as connection, connection.begin():
        return {
            name: [
                tuple(row)
                for row in connection.execute(sa.text(f'SELECT {columns} FROM "{name}" ORDER BY 1'))
            ]
            for name, columns in OLDER_COLUMNS.items()
        }


def test_an_older_library_keeps_all_that_it_holds(older: sa.Engine) -> None:
    before = rows_of(older)
    assert len(before["indexed"]) == 2
    assert revision(older) == "0003"
    migrate(older)
    assert revision(older) == HEAD
    assert rows_of(older) == before
    with older.execution_options(immediate=True).begin() as connection:
        assert connection.execute(sa.select(visibility_change)).all() == []
        connection.exec_driver_sql("UPDATE location SET forgotten_at = NULL WHERE id = 2")
        assert connection.execute(sa.select(visibility_change)).all() == [(1, 2)]


class Log:
    """What a library logged since it was last asked."""

    def __init__(self, library: Library) -> None:
        self._library = library
        self._seen = 0
        self.since()

    def since(self) -> set[int]:
        newer = sa.select(visibility_change).where(visibility_change.c.id > self._seen)
        with self._library.read() as connection:
            rows = connection.execute(newer.order_by(visibility_change.c.id)).all()
        self._seen = rows[-1].id if rows else self._seen
        return {row.video_id for row in rows}


@pytest.fixture
def two(opened: Library, space: Space, add_video: AddVideo) -> tuple[Embedded, Embedded]:
    items = add_video(str(A), seed=1), add_video(str(B), seed=2)
    put(opened, space, items)
    return items


def test_what_is_indexed_and_indexed_again_is_logged(
    opened: Library, space: Space, add_video: AddVideo, two: tuple[Embedded, Embedded]
) -> None:
    log = Log(opened)
    third = add_video("/videos/c.mp4", seed=3)
    put(opened, space, [third])
    assert log.since() == {third.video_id}
    put(opened, space, [two[0]])
    assert log.since() == {two[0].video_id}
    sweep(opened)
    assert log.since() == set(), "what was replaced was not visible any more"


def test_changed_content_logs_what_went_and_what_came(
    opened: Library, space: Space, add_video: AddVideo, two: tuple[Embedded, Embedded]
) -> None:
    log = Log(opened)
    changed = add_video(str(A), seed=7)
    put(opened, space, [changed])
    assert log.since() >= {two[0].video_id, changed.video_id}


def test_forgetting_and_undoing_are_logged(opened: Library, two: tuple[Embedded, Embedded]) -> None:
    log, a = Log(opened), two[0].video_id
    with opened.write() as connection:
        forgetting.forget(connection, [A], at=100.0)
    assert log.since() == {a}
    with opened.write() as connection:
        forgetting.undo(connection, None, at=100.0)
    assert log.since() == {a}


def test_removal_is_logged_by_way_of_what_hangs_on_it(
    opened: Library, two: tuple[Embedded, Embedded]
) -> None:
    log, b = Log(opened), two[1].video_id
    with opened.write() as connection:
        places = locations.places_of_content(connection, b)
        assert locations.remove_locations(connection, [place.id for place in places]) == [b]
    assert log.since() == {b}


def test_a_deletion_that_cascades_is_logged(opened: Library, two: tuple[Embedded, Embedded]) -> None:
    log, a = Log(opened), two[0].video_id
    with opened.write() as connection:
        connection.exec_driver_sql("DELETE FROM indexed WHERE video_id = ?", (a,))
    assert log.since() == {a}
    with opened.write() as connection:
        connection.exec_driver_sql("DELETE FROM video WHERE id = ?", (a,))
        assert connection.execute(sa.select(location.c.id).where(location.c.path == A)).all() == []
    assert log.since() == {a}


def test_a_switch_of_the_space_logs_what_waited_for_it(
    opened: Library, space: Space, add_video: AddVideo, two: tuple[Embedded, Embedded]
) -> None:
    other = make_space(opened, digest="two")
    log = Log(opened)
    put(opened, other, two)
    assert log.since() == {two[0].video_id, two[1].video_id}
    changed = add_video(str(A), seed=7)
    put(opened, other, [changed])
    with opened.read() as connection:
        shown = connection.execute(sa.select(location.c.video_id).where(location.c.path == A)).scalar()
    assert shown == two[0].video_id, "the serving space has no vectors of the new content yet"
    log.since()
    with opened.write() as connection:
        spaces.switch_space(connection, other.id)
    assert log.since() >= {two[0].video_id, changed.video_id}
    sweep(opened)
    assert log.since() >= {two[1].video_id}, "the space before is gone"


def test_what_changes_no_visibility_is_not_logged(opened: Library, two: tuple[Embedded, Embedded]) -> None:
    log = Log(opened)
    with opened.write() as connection:
        locations.miss(connection, A, 5.0)
        connection.execute(
            sa.update(location).values(size=7, mtime_ns=8, confirmed=False, video_id=location.c.video_id)
        )
        connection.execute(sa.update(location).values(path=Path("/else/a.mp4")).where(location.c.path == A))
        connection.exec_driver_sql("UPDATE video SET title = 'new'")
    assert log.since() == set()
