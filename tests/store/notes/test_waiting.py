"""Captions that were written before their video came: kept, and given to it where it lies."""

from __future__ import annotations

from pathlib import Path

from mediaindex.errors import UsageError
from mediaindex.store.catalog import fulltext
from mediaindex.store.library import Library
from mediaindex.store.notes import captions, waiting
from mediaindex.store.notes.captions import Said
from tests.support.noted import A

LATER = Path("/videos/later.mp4")


def keep(library: Library, path: Path, *said: Said) -> list[bool | UsageError]:
    with library.write() as connection:
        return waiting.keep(connection, path, said)


def every(library: Library, *within: Path) -> list[Said]:
    with library.read() as connection:
        return [one.said for one in waiting.every(connection, within)]


def test_each_is_kept_once_and_listed_by_its_place(opened: Library) -> None:
    whole, begun = Said(None, None, "a red wall"), Said(1.5, None, "rex", "en")
    assert keep(opened, LATER, begun, whole, begun) == [True, True, False]
    assert keep(opened, LATER, whole) == [False]
    assert keep(opened, LATER.with_name("other"), whole) == [True]
    assert every(opened) == [whole, begun, whole]
    assert every(opened, LATER) == [whole, begun]
    with opened.read() as connection:
        assert captions.every(connection) == []
        assert captions.count(connection) == 3
        assert fulltext.find(connection, "rex").hits == []


def test_what_is_no_caption_is_told_and_the_others_are_kept(opened: Library) -> None:
    empty, kept, long = keep(
        opened, LATER, Said(0.0, 1.0, " "), Said(0.0, 1.0, "rex"), Said(0, 1, "x" * 2001)
    )
    assert (str(empty), kept) == ("a caption is empty; write what is seen", True)
    assert "at most 2000 characters" in str(long)
    assert [said.text for said in every(opened)] == ["rex"]


def test_a_video_that_comes_gets_its_captions_once(opened: Library, two: tuple[int, int]) -> None:
    keep(opened, A, Said(1.0, 2.0, "rex"), Said(None, None, "all of it"), Said(1.0, None, "to its end"))
    keep(opened, A.with_suffix(""), Said(2.0, 9.0, "by its stem"), Said(7.0, 8.0, "too late"))
    with opened.write() as connection:
        captions.add(connection, two[0], 1.0, 2.0, "rex")
        waiting.arrive(connection, A, two[0])
        waiting.arrive(connection, A, two[0])
        found = captions.of_video(connection, two[0])
        assert len(fulltext.find(connection, "stem").hits) == 1
    told = {(one.text, one.start_seconds, one.end_seconds) for one in found}
    assert len(found) == 4
    assert told == {
        ("rex", 1.0, 2.0),
        ("all of it", 0.0, 6.0),
        ("to its end", 1.0, 6.0),
        ("by its stem", 2.0, 6.0),
    }
    assert [said.text for said in every(opened)] == ["too late"]  # this film is too short for it


def test_nothing_comes_to_another_video(opened: Library, two: tuple[int, int]) -> None:
    keep(opened, LATER, Said(1.0, 2.0, "rex"))
    with opened.write() as connection:
        waiting.arrive(connection, A, two[0])
        assert [one.path for one in waiting.at(connection, LATER)] == [LATER]
        assert captions.of_video(connection, two[0]) == []
