"""A file whose content changed while its film is as long as before keeps what was noted about it."""

from __future__ import annotations

from pathlib import Path

import pytest

from mediaindex.store.catalog import videos
from mediaindex.store.catalog.videos import Identity
from mediaindex.store.library import Library
from mediaindex.store.notes import captions, history, marks
from mediaindex.store.notes.carried_over import carry_over
from tests.support.noted import A
from tests.support.small_library import INFO


@pytest.mark.parametrize(("length", "is_carried"), [(6.0, True), (6.05, True), (7.0, False)])
def test_notes_go_over_where_the_film_is_as_long(
    opened: Library, two: tuple[int, int], length: float, is_carried: bool
) -> None:
    with opened.write() as connection:
        captions.add(connection, two[0], 1.0, 2.0, "a seagull")
        marks.put(connection, "bird", two[0], 1.0, is_right=True)
        history.record(connection, "bird", two[0], 1.0)
        new = videos.ensure_video(connection, Identity(7, "other", "other whole"), INFO, length)
        carry_over(connection, two[0], new)
        wanted = new if is_carried else two[0]
        assert [one.video_id for one in captions.every(connection)] == [wanted]
        noted = [
            connection.exec_driver_sql(f"SELECT video_id FROM {table}").scalar_one()
            for table in ("mark", "pick", "word WHERE field = 'caption'")
        ]
        assert noted == [wanted] * 3


def test_notes_stay_with_a_film_that_lies_elsewhere_too(opened: Library, two: tuple[int, int]) -> None:
    with opened.write() as connection:
        marks.put(connection, "bird", two[0], 1.0, is_right=True)
        values = "volume_id, size, mtime_ns, confirmed, video_id"
        connection.exec_driver_sql(
            f"INSERT INTO location (path, {values}) SELECT ?, {values} FROM location WHERE path = ?",
            (b"/videos/copy.mp4", bytes(Path(A))),
        )
        new = videos.ensure_video(connection, Identity(7, "other", "other whole"), INFO, 6.0)
        carry_over(connection, two[0], new)
        assert connection.exec_driver_sql("SELECT video_id FROM mark").scalar_one() == two[0]
