"""What a query means in one library: places, cameras, drives, and filters that leave nothing."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from pathlib import Path

import pytest

from mediaindex.search.language import resolving
from mediaindex.search.language.resolving import AskedFilter, joint, leaving_nothing, resolved, video_named
from mediaindex.search.query import parse
from mediaindex.store import forgetting
from mediaindex.store.catalog import lookup
from mediaindex.store.catalog.lookup import Filters
from mediaindex.store.library import Library, open_library
from mediaindex.store.notes import marks
from tests.support.catalogued import add_place

TODAY = datetime.date(2026, 11, 29)
FILMS = Path("/home/films")


def at_path(path: Path) -> Sequence[Path]:
    return [path]


def passing(library: Library, text: str) -> set[str]:
    """The names of the videos that pass the filters of a query, which has no problem."""
    found = resolved(library, parse(f"dog {text}", today=TODAY), at_path)
    assert found.query.problems == ()
    with library.read() as connection:
        ids = lookup.filtered_videos(connection, joint(found.filters))
        assert ids is not None
        places = lookup.places(connection, list(ids))
    return {place.path.name for places_of_video in places.values() for place in places_of_video}


def problems(library: Library, text: str) -> list[tuple[str, str]]:
    found = resolved(library, parse(text, today=TODAY), at_path).query.problems
    return [(text[one.start : one.end], one.text) for one in found]


def left_by(library: Library, text: str, *options: AskedFilter) -> str | None:
    query = parse(text, today=TODAY)
    asked = [*options, *resolved(library, query, at_path).filters]
    with library.read() as connection:
        found = leaving_nothing(connection, asked)
    return None if found is None else found.text


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ('in:"/home/films/Holiday 2024"', {"beach_walk.mp4", "Äpfel.mp4"}),
        ('in:"Holiday 2024/Café"', {"Äpfel.mp4"}),
        ("in:holiday", {"beach_walk.mp4", "Äpfel.mp4"}),
        ("in:beach", {"beach_walk.mp4", "tape.mov"}),
        ("in:café in:犬", {"Äpfel.mp4", "犬.mp4"}),
        ("after:2024-05", {"beach_walk.mp4", "Äpfel.mp4"}),
        ("on:2024-05-03", {"beach_walk.mp4"}),
        ("before:2000", {"tape.mov"}),
        ("longer:1m", {"Äpfel.mp4", "犬.mp4"}),
        ("longer:1m shorter:1h", {"Äpfel.mp4", "犬.mp4"}),
        ("shorter:6", {"beach_walk.mp4", "tape.mov"}),
        ("camera:canon", {"beach_walk.mp4", "Äpfel.mp4"}),
        ("camera:r6 camera:HERO", {"beach_walk.mp4", "Äpfel.mp4", "tape.mov"}),
        ("camera:canon in:beach", {"beach_walk.mp4"}),
        ("is:online", {"beach_walk.mp4", "Äpfel.mp4"}),
    ],
)
def test_what_passes(catalogued: Library, text: str, names: set[str]) -> None:
    assert passing(catalogued, text) == names


def test_a_video_that_is_missing_is_not_online(catalogued: Library) -> None:
    with catalogued.read() as connection:
        (uid,) = connection.exec_driver_sql("SELECT uid FROM volume WHERE uid <> 'v'").scalars()
    add_place(catalogued, FILMS / "gone.mp4", volume=(uid, "/"), missing_since=1.0)
    assert "gone.mp4" not in passing(catalogued, "is:online")


def test_what_a_moment_of_was_marked_passes_until_its_video_is_forgotten(catalogued: Library) -> None:
    assert left_by(catalogued, "dog is:marked") == "is:marked leaves no video; without it 4"
    video_id = add_place(catalogued, FILMS / "marked.mp4")
    with catalogued.write() as connection:
        marks.put(connection, "cat", video_id, 1.0, is_right=False)
    assert passing(catalogued, "dog is:marked") == {"marked.mp4"}
    assert passing(catalogued, "dog is:marked longer:1s") == {"marked.mp4"}
    assert problems(catalogued, "dog is:marked") == []
    with catalogued.write() as connection:
        forgetting.forget(connection, [FILMS / "marked.mp4"], at=1.0)
    assert left_by(catalogued, "dog is:marked") == "is:marked leaves no video; without it 4"


@pytest.mark.parametrize(
    ("text", "item", "said"),
    [
        ("dog in:Hoilday", "in:Hoilday", 'nothing indexed lies in "Hoilday"; near: Holiday 2024'),
        (
            'dog in:"/home/films/gone"',
            'in:"/home/films/gone"',
            "nothing indexed lies in \"/home/films/gone\"; 'mediaindex sources list' names the folders",
        ),
        (
            "dog camera:kanon red",
            "camera:kanon",
            "camera:kanon: no such camera; here are Canon EOS R6, GoPro HERO9",
        ),
    ],
)
def test_a_problem_names_what_there_is(catalogued: Library, text: str, item: str, said: str) -> None:
    assert problems(catalogued, text) == [(item, said)]
    found = resolved(catalogued, parse(text, today=TODAY), at_path)
    assert found.filters == ()
    assert found.query == parse(text.replace(item, ""), today=TODAY)


def test_the_names_that_are_known_count_where_others_are_not(catalogued: Library) -> None:
    found = resolved(catalogued, parse("dog in:beach in:nowhere camera:x camera:canon", today=TODAY), at_path)
    assert found.query.canonical == "dog in:beach camera:canon"
    assert len(found.query.problems) == len(found.filters) == 2


def test_a_library_without_cameras_says_so(library: Path) -> None:
    with open_library(library, create=True) as opened:
        said = "camera:x: no such camera; no video here names its own"
        assert problems(opened, "dog camera:x") == [("camera:x", said)]


@pytest.mark.parametrize(
    "name", ["\0", "a\0b", "\ud800", "/\ud800", "x" * 300, "/" + "x" * 5_000, "~nobody/x", "."]
)
def test_what_can_be_no_name_is_a_problem(catalogued: Library, name: str) -> None:
    (found,) = problems(catalogued, f'dog in:"{name}"')
    assert found[1].startswith("nothing indexed lies in")
    assert len(found[1]) < 200


def test_too_many_names_say_nothing(catalogued: Library, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resolving, "MOST_NAMES", 1)
    said = "in:beach: more than 1 names begin so; write more of it"
    assert problems(catalogued, "dog in:beach") == [("in:beach", said)]
    monkeypatch.setattr(resolving, "MOST_PLACES", 1)
    said = "in:archive: at most 1 in: count"
    assert problems(catalogued, "dog in:holiday in:archive") == [("in:archive", said)]


def test_the_filter_that_leaves_nothing_is_named_with_what_would_be_there(catalogued: Library) -> None:
    newest = "after:2025 leaves no video; without it 4. The newest is of 3 May 2024"
    assert left_by(catalogued, "dog after:2025") == newest
    assert left_by(catalogued, "dog on:2025") == newest.replace("after", "on")
    oldest = "before:1990 leaves no video; without it 4. The oldest is of 1 July 1999"
    assert left_by(catalogued, "dog before:1990") == oldest
    assert left_by(catalogued, "dog on:2010") == "on:2010 leaves no video; without it 4"
    assert left_by(catalogued, "dog longer:2h") == "longer:2h leaves no video; without it 4"
    assert left_by(catalogued, "dog camera:canon in:archive") == "in:archive leaves no video; without it 2"
    option = AskedFilter("--in /home/films/archive", Filters(within=(FILMS / "archive",)))
    assert (
        left_by(catalogued, "dog after:2024", option)
        == "after:2024 leaves no video; without it 2. The newest is of 1 July 1999"
    )


def test_filters_of_which_each_leaves_nothing(catalogued: Library) -> None:
    assert (
        left_by(catalogued, "dog longer:2h after:2025")
        == "longer:2h after:2025 leave no video; without them 4"
    )
    assert left_by(catalogued, "dog after:2024") is left_by(catalogued, "dog") is None


def test_a_video_is_found_by_its_name(catalogued: Library) -> None:
    assert video_named(catalogued, "beach_walk.mp4") == FILMS / "Holiday 2024" / "beach_walk.mp4"
    assert video_named(catalogued, "tape") == FILMS / "archive" / "beach 1999" / "tape.mov"
    assert video_named(catalogued, "holiday") is video_named(catalogued, "nothing") is None
