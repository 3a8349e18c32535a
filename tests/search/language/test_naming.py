"""Names behind `in:`: what begins so, from the root of a source downwards."""

from __future__ import annotations

import unicodedata
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mediaindex.search.language.completion import Known, unfinished
from mediaindex.search.language.naming import known_names, names_below, places_named
from mediaindex.store.catalog import fulltext, locations
from mediaindex.store.library import Library, open_library
from tests.support.catalogued import add_place, add_source

FILMS = Path("/home/films")
ROOTS = (FILMS / "Holiday 2024", FILMS / "archive")


def named(library: Library, beginning: str) -> set[str]:
    with library.read() as connection:
        return {str(path.relative_to(FILMS)) for path in places_named(connection, ROOTS, beginning)}


@pytest.mark.parametrize(
    ("beginning", "places"),
    [
        ("Holiday 2024", {"Holiday 2024"}),
        ("hol", {"Holiday 2024"}),
        ("beach", {"Holiday 2024/beach_walk.mp4", "archive/beach 1999"}),
        ("beach_walk.mp4", {"Holiday 2024/beach_walk.mp4"}),
        ("äpf", {"Holiday 2024/Café/Äpfel.mp4"}),
        ("CAFÉ", {"Holiday 2024/Café"}),
        ("犬", {"archive/犬.mp4"}),
        ("films", set()),
        ("home", set()),
        ("walk", set()),
        ("beach%", set()),
        ("b_ach", set()),
        ("\\", set()),
        ("\udce9", set()),
    ],
)
def test_what_begins_so(catalogued: Library, beginning: str, places: set[str]) -> None:
    assert named(catalogued, beginning) == places
    assert named(catalogued, unicodedata.normalize("NFD", beginning)) == places


def test_names_that_hold_one_another_are_all_found(library: Path) -> None:
    with open_library(library, create=True) as opened:
        add_source(opened, "/home/films/archive")
        paths = ["a", "a.mp4", "a/b.mp4", "a-b/c.mp4", "a0.mp4", "a.mp4.mkv", "b/a/c.mp4", "b/c.mp4"]
        for path in paths:
            add_place(opened, f"/home/films/archive/{path}")
        found = named(opened, "a.") | named(opened, "a-") | named(opened, "a0") | named(opened, "b.")
    assert found == {
        "archive/a.mp4", "archive/a.mp4.mkv", "archive/a-b", "archive/a0.mp4", "archive/a/b.mp4"
    }  # fmt: skip


def test_what_is_forgotten_has_no_name(catalogued: Library) -> None:
    add_place(catalogued, "/home/films/archive/secret.mp4", forgotten_at=1.0)
    assert named(catalogued, "secret") == set()
    with catalogued.read() as connection:
        names = names_below(connection, ROOTS)
    assert set(names) == {
        "Holiday 2024", "beach_walk.mp4", "Café", "Äpfel.mp4", "archive", "beach 1999", "tape.mov", "犬.mp4"
    }  # fmt: skip


def completed(library: Library, text: str) -> Known:
    token = unfinished(text, len(text))
    assert token is not None
    with library.read() as connection:
        return known_names(connection, token)


def test_only_what_may_complete_the_token_is_read(catalogued: Library) -> None:
    assert completed(catalogued, "dog in:bea") == Known(folders=["beach_walk.mp4", "beach 1999"])
    assert completed(catalogued, "camera:go") == Known(cameras=["Canon EOS R6", "GoPro HERO9"])
    assert completed(catalogued, "on:2024") == Known(days=["2024-05-03", "2024-05-01"])
    assert completed(catalogued, "on:2023") == Known(days=[])
    assert completed(catalogued, "by:wor") == Known()


def test_words_of_what_is_forgotten_complete_nothing(catalogued: Library) -> None:
    for name, forgotten in (("beach", None), ("bean", 1.0)):
        path = FILMS / "archive" / f"{name}.mp4"
        video = add_place(catalogued, path, forgotten_at=forgotten)
        with catalogued.write() as connection:
            place = locations.location_at(connection, path)
            assert place is not None
            fulltext.set_location_words(connection, place.id, video, path, None)
    assert completed(catalogued, "the bea") == Known(words=["beach"])
    assert completed(catalogued, "the b") == Known(words=[]), "one letter says too little"


NAMES = st.text("aAbB%_\\äÄ ", min_size=1, max_size=4).filter(str.strip)


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(paths=st.lists(st.lists(NAMES, min_size=1, max_size=3), min_size=1, max_size=6), beginning=NAMES)
def test_it_is_the_same_as_looking_at_every_path(
    tmp_path_factory: pytest.TempPathFactory, paths: list[list[str]], beginning: str
) -> None:
    root = FILMS / "root"
    with open_library(tmp_path_factory.mktemp("named") / "library", create=True) as opened:
        for parts in paths:
            add_place(opened, root.joinpath(*parts))
        with opened.read() as connection:
            found = set(places_named(connection, [root], beginning))
    expected = set()
    for parts in paths:
        depths = [n for n, name in enumerate(parts) if name.lower().startswith(beginning.lower())]
        if depths:
            expected.add(root.joinpath(*parts[: depths[0] + 1]))
    assert found == expected
