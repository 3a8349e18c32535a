"""What was read of a file becomes rows: its headers, its first look, all of its frames."""

from __future__ import annotations

from pathlib import Path

import pytest
import sqlalchemy as sa

from mediaindex.errors import MediaError
from mediaindex.ingest.file_effects import RecordDecoded, RecordFirstLook, RecordHeaders
from mediaindex.ingest.pools.file_reading import ProbedFile
from mediaindex.ingest.reconcile.retry_policy import failure_after
from mediaindex.media import MediaInfo
from mediaindex.store.catalog import failures, fulltext, locations
from mediaindex.store.catalog.schema import extraction, video
from mediaindex.store.library import Library
from tests.support.corridor import decoded_file, record, task_of

INFO = MediaInfo(2.0, 32, 32, 25.0, "h264", 0, "mov", 0)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    file = tmp_path / "meadow.mp4"
    file.write_bytes(b"a film")
    return file


def rows(library: Library, table: sa.Table) -> int:
    with library.read() as connection:
        return int(connection.execute(sa.select(sa.func.count()).select_from(table)).scalar_one())


def note_failure(library: Library, path: Path) -> None:
    event = task_of(library, path).event
    with library.write() as connection:
        failures.set_failure(connection, failure_after(MediaError("damaged"), event, None))


def noted(library: Library) -> list[Path]:
    with library.read() as connection:
        return list(failures.failures(connection))


def headers(library: Library, path: Path) -> None:
    file = ProbedFile(task_of(library, path), INFO)
    with library.write() as connection:
        RecordHeaders(file).apply(connection)


def test_headers_are_recorded_once_and_words_find_the_file(opened: Library, path: Path) -> None:
    note_failure(opened, path)
    headers(opened, path)
    assert noted(opened) == []
    headers(opened, path)
    assert rows(opened, video) == 1
    with opened.read() as connection:
        assert len(fulltext.find(connection, "meadow").hits) == 1


def test_a_first_look_becomes_the_frame_of_an_unread_video(opened: Library, path: Path) -> None:
    headers(opened, path)
    file = decoded_file(opened, task_of(opened, path), "red", first_look=True)
    assert file.is_first_look
    with opened.write() as connection:
        video_ = RecordFirstLook(file, "sampling").apply(connection)
    assert video_ is not None
    assert (video_.frame_file, video_.frames) == (file.frame_file, 1)


def test_a_first_look_at_a_file_that_is_known_no_more_leaves_nothing(opened: Library, path: Path) -> None:
    file = decoded_file(opened, task_of(opened, path), "red", first_look=True)
    with opened.write() as connection:
        assert RecordFirstLook(file, "sampling").apply(connection) is None
    assert rows(opened, extraction) == 0


def test_an_unread_video_takes_the_hash_of_its_decoded_content(opened: Library, path: Path) -> None:
    headers(opened, path)
    file = decoded_file(opened, task_of(opened, path), "red", "blue")
    with opened.write() as connection:
        unembedded = RecordDecoded(file, "sampling", ()).apply(connection)
    assert rows(opened, video) == 1
    assert (unembedded.frame_file, unembedded.frames) == (file.frame_file, 2)
    with opened.read() as connection:
        assert connection.execute(sa.select(video.c.hash)).scalar_one() == file.identity.hash


def test_a_decoded_content_lies_at_its_place_and_at_those_of_its_copies(
    opened: Library, tmp_path: Path
) -> None:
    recorded = record(opened, tmp_path / "a.mp4", "red", copies=(tmp_path / "b.mp4",))
    with opened.read() as connection:
        places = locations.locations_below(connection, [tmp_path])
    assert {path.name: (place.content, place.confirmed) for path, place in places.items()} == {
        "a.mp4": (recorded.video_id, True),
        "b.mp4": (recorded.video_id, False),
    }


def test_a_path_shows_its_old_content_until_the_new_one_has_vectors(opened: Library, tmp_path: Path) -> None:
    path = tmp_path / "a.mp4"
    first = record(opened, path, "red")
    with opened.write() as connection:
        place = locations.location_at(connection, path)
        assert place is not None
        locations.update_location(connection, place.id, video_id=first.video_id, next_video_id=None)
    second = record(opened, path, "blue")
    with opened.read() as connection:
        place = locations.location_at(connection, path)
    assert place is not None
    assert (place.video_id, place.next_video_id) == (first.video_id, second.video_id)


def test_a_decoded_file_has_no_failure_any_more(opened: Library, tmp_path: Path) -> None:
    path = tmp_path / "a.mp4"
    path.write_bytes(b"broken")
    note_failure(opened, path)
    record(opened, path, "red")
    assert noted(opened) == []
