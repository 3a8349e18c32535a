"""Captions, picks and known items of a library as sentences with known answers."""

from __future__ import annotations

from pathlib import Path

import pytest

from mediaindex.assembly.serving import serving_space
from mediaindex.learn.evaluation.library_queries import (
    KnownAnswer,
    contents,
    of_captions,
    of_known_items,
    of_picks,
    searchable_videos,
    spread,
)
from mediaindex.store.catalog import lookup
from mediaindex.store.library import Library


@pytest.fixture
def by_name(captioned_library: Library, videos_of_library: Path) -> dict[str, int]:
    with captioned_library.read() as connection:
        found = {path.stem: lookup.video_at(connection, path) for path in videos_of_library.glob("*.mp4")}
    return {name: video for name, video in found.items() if video is not None}


def test_the_gallery_is_what_a_search_can_show(captioned_library: Library, by_name: dict[str, int]) -> None:
    space = serving_space(captioned_library)
    assert space is not None
    with captioned_library.read() as connection:
        assert searchable_videos(connection, space.id) == sorted(by_name.values())
        assert searchable_videos(connection, space.id + 1) == []


def test_contents_are_named_by_what_they_are(captioned_library: Library, by_name: dict[str, int]) -> None:
    videos = sorted(by_name.values())
    with captioned_library.read() as connection:
        names = contents(connection, videos)
        assert contents(connection, videos[::-1]) == names[::-1]
        rows = connection.exec_driver_sql("SELECT size, partial_hash FROM video ORDER BY id").all()
    assert names == [f"{size}:{partial}" for size, partial in rows]
    assert len(set(names)) == len(videos)


def test_a_caption_of_a_part_has_its_stretch(captioned_library: Library, by_name: dict[str, int]) -> None:
    with captioned_library.read() as connection:
        found = of_captions(connection)
    assert sorted(found, key=lambda one: one.text) == [
        KnownAnswer("something blue", by_name["blue"], (2.0, 4.0)),
        KnownAnswer("something red", by_name["red"], None),
    ]


def test_picks_are_queries_of_plain_words_each_once(
    captioned_library: Library, by_name: dict[str, int]
) -> None:
    with captioned_library.read() as connection:
        assert of_picks(connection) == [KnownAnswer("blue", by_name["blue"])]


def test_known_items_are_named_by_words_or_said(captioned_library: Library, by_name: dict[str, int]) -> None:
    with captioned_library.read() as connection:
        found = of_known_items(connection, sorted(by_name.values()))
    assert {(one.text, one.video_id) for one in found} == {
        ("green hill far away", by_name["a green hill far away"]),
        ("look at that yellow thing", by_name["b"]),
    }


def test_so_many_are_spread_over_all() -> None:
    answers = [KnownAnswer(str(number), number) for number in range(10)]
    assert [one.video_id for one in spread(answers, 4)] == [0, 2, 5, 7]
    assert spread(answers, 10) == answers
