"""What captions said of rankings, as rows: their order, what damages them, and what outlives what."""

from __future__ import annotations

from pathlib import Path

import pytest

from mediaindex.store.catalog.database import HEAD, revision
from mediaindex.store.library import Library, open_library
from mediaindex.store.notes import verdicts
from mediaindex.store.notes.verdicts import Pair, Verdict, VideoDifference
from tests.support.catalogued import add_place
from tests.support.noted import remove_for_good
from tests.support.older_libraries import downgraded

PAIR = Pair("hubs", "a digest", "", "instant")
OTHER = Pair("generator", "a digest", "mine", "hubs")
VERDICT = Verdict(PAIR, 3, 2, 0.25, 0.1, 0.4, 0)


def placed(opened: Library, *names: str) -> list[int]:
    return [add_place(opened, f"/videos/{name}.mp4") for name in names]


def test_differences_keep_their_order_and_no_video_speaks_twice(opened: Library) -> None:
    second, first = placed(opened, "a", "b")
    with opened.write() as connection:
        verdicts.add(connection, PAIR, [VideoDifference(first, 2, 0.5)])
        verdicts.add(connection, PAIR, [VideoDifference(second, 1, -0.5), VideoDifference(first, 9, 1.0)])
        verdicts.add(connection, OTHER, [VideoDifference(second, 1, 0.125)])
        assert verdicts.differences(connection, PAIR) == [(2, 0.5), (1, -0.5)]
        assert verdicts.differences(connection, OTHER) == [(1, 0.125)]
        assert verdicts.judged_videos(connection, PAIR) == {first, second}
        assert verdicts.judged_videos(connection, Pair("hubs", "other", "", "instant")) == set()
        assert [(one.pair, one.videos, one.low) for one in verdicts.every(connection)] == [
            (PAIR, 0, -1.0),
            (OTHER, 0, -1.0),
        ]
        verdicts.put(connection, VERDICT)
        assert verdicts.every(connection)[0] == VERDICT


def test_a_difference_outlives_its_video(opened: Library) -> None:
    (video,) = placed(opened, "a")
    with opened.write() as connection:
        verdicts.add(connection, PAIR, [VideoDifference(video, 1, 0.5)])
    remove_for_good(opened, Path("/videos/a.mp4"))
    with opened.read() as connection:
        assert verdicts.differences(connection, PAIR) == [(1, 0.5)]
        assert verdicts.judged_videos(connection, PAIR) == set()


@pytest.mark.parametrize(
    "damage",
    [
        "low = 'much'",
        "high = 2.0",
        "low = 0.9",
        "captions = -1",
        "missing = 'some'",
        "value = 9e999",
        "videos = 1.5",
    ],
)
def test_a_damaged_verdict_is_known_as_one(opened: Library, damage: str) -> None:
    with opened.write() as connection:
        verdicts.add(connection, PAIR, [])
        verdicts.put(connection, VERDICT)
        connection.exec_driver_sql(f"UPDATE caption_verdict SET {damage}")
        assert [(one.pair, one.damaged, one.low) for one in verdicts.every(connection)] == [
            (PAIR, True, -1.0)
        ]
        verdicts.put(connection, VERDICT)
        assert verdicts.every(connection) == [VERDICT]


@pytest.mark.parametrize("damage", ["difference = 'much'", "difference = -1.5", "captions = 0"])
def test_a_damaged_difference_is_left_out(opened: Library, damage: str) -> None:
    first, second = placed(opened, "a", "b")
    with opened.write() as connection:
        verdicts.add(connection, PAIR, [VideoDifference(first, 1, 0.5), VideoDifference(second, 1, 0.25)])
        connection.exec_driver_sql(f"UPDATE caption_difference SET {damage} WHERE video_id = {first}")
        assert verdicts.differences(connection, PAIR) == [(1, 0.25)]


def test_an_older_library_gets_both_tables(library: Path) -> None:
    open_library(library, create=True).close()
    downgraded(library / "library.sqlite", "0011")
    with open_library(library) as opened, opened.read() as connection:
        assert revision(opened.engine) == HEAD
        assert verdicts.every(connection) == []
