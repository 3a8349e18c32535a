"""Which rows match: filters before limits, phrases, excluded words, and frequent words."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mediaindex.store.catalog import fulltext
from mediaindex.store.library import Library
from mediaindex.store.notes import captions
from mediaindex.store.word_index import matches
from tests.support.talking_films import AddFilm


def found(
    library: Library, text: str, allowed: object = None, **options: object
) -> list[tuple[int, float | None]]:
    with library.read() as connection:
        hits = fulltext.find(connection, text, allowed, **options).hits  # type: ignore[arg-type]
    return [(hit.video_id, hit.start_seconds) for hit in hits]


def test_any_collection_of_videos_may_be_allowed(library: Library, add_film: AddFilm) -> None:
    films = [add_film("whale", ["a whale"]) for _number in range(5)]
    for allowed in (np.array(films[1:3], np.int64), films[1:3], set(films[1:3]), (n for n in films[1:3])):
        assert {video for video, _start in found(library, "whale", allowed)} == set(films[1:3])
    assert found(library, "whale", np.array([], np.int64)) == []
    assert len({video for video, _start in found(library, "whale")}) == 5


def test_a_filter_comes_before_every_limit(
    library: Library, add_film: AddFilm, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(matches, "CUES_OF_A_WORD", 10)
    first = add_film("1", ["a whale in the sea"] * 3)
    for _number in range(4):
        add_film("2", [f"a whale again, {number}" for number in range(8)])
    assert {video for video, _start in found(library, "whale", [first])} == {first}
    assert {video for video, _start in found(library, "whale sea", [first])} == {first}


def test_a_talkative_film_hides_no_older_one(
    library: Library, add_film: AddFilm, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(matches, "CUES_OF_A_WORD", 10)
    others = [add_film("1", ["it takes a lot of whale to fill such a line"]) for _number in range(3)]
    talkative = add_film("2", [f"whale {number}" for number in range(40)])
    for query in ("whale", "whale line", "whale takes fill"):
        hits = [video for video, _start in found(library, query, per_video=1)]
        assert set(hits) >= set(others), query
    assert talkative in [video for video, _start in found(library, "whale", per_video=1)]


def test_an_old_line_with_both_words_is_found_among_many_with_one(
    library: Library, add_film: AddFilm, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(matches, "CUES_OF_A_WORD", 10)
    both = add_film("1", ["nothing", "a whale and a ship"])
    for _number in range(3):
        add_film("2", [f"whale {number}" for number in range(20)])
        add_film("3", [f"ship {number}" for number in range(20)])
    assert found(library, "whale ship", limit=1) == [(both, 2.0)]


def test_a_phrase_stands_in_its_order(library: Library, add_film: AddFilm) -> None:
    film = add_film("beach walk", ["the old man and the sea", "the sea and the old man"])
    assert found(library, "", phrases=["old man and"]) == [(film, 0.0)]
    assert found(library, "sea", phrases=["and the sea"]) == [(film, 0.0)]
    assert found(library, "", phrases=["beach walk"]) == [(film, None)]
    assert found(library, "", phrases=["walk beach"]) == []
    assert found(library, "", phrases=["?!"]) == []


def test_what_is_excluded_goes(library: Library, add_film: AddFilm) -> None:
    film = add_film("1", ["a cat sleeps", "a dog sleeps", "two cats sleep"])
    named = add_film("cat film", ["a dog sleeps"])
    assert found(library, "sleep", excluded=["cat"]) == [(film, 2.0)]
    assert found(library, "sleep", excluded=["dog sleeps"]) == [(film, 4.0), (film, 0.0)]
    assert found(library, "sleep", excluded=["?"]) == found(library, "sleep")
    assert found(library, "cat", excluded=["film"]) == [(film, 0.0), (film, 4.0)]
    with library.read() as connection:
        assert set(fulltext.places_with(connection, ["cat"])) == {
            (film, 0.0, 1.0),
            (film, 4.0, 5.0),
            (named, None, None),
        }
        assert fulltext.places_with(connection, ["dog sleeps", "nowhere"]) == [
            (film, 2.0, 3.0),
            (named, 0.0, 1.0),
        ]
        assert fulltext.places_with(connection, []) == fulltext.places_with(connection, ["*"]) == []


OPERATORS = [
    '"',
    '""',
    "NEAR(a b)",
    "a AND",
    "NOT",
    "OR OR",
    "folded: x",
    "{folded} : x",
    "a*",
    "^a",
    "(",
    "a + b",
]


@pytest.mark.parametrize(
    "query", [*OPERATORS, "x" * 10_000, "x " * 5_000, "\ud800", "a\ud800b", "\x00\x1b[31m", "犬" * 10_000]
)
def test_no_query_is_syntax_or_too_long(query: str, library: Library, add_film: AddFilm) -> None:
    add_film("beach", ["a whale"])
    for options in ({}, {"unfinished": True}, {"phrases": [query] * 40}, {"excluded": [query] * 40}):
        found(library, query, **options)
    with library.read() as connection:
        fulltext.places_with(connection, [query] * 40)


@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=st.text(st.characters(exclude_categories=()), max_size=60), part=st.text(max_size=12))
def test_any_text_can_be_asked_in_any_way(text: str, part: str, library: Library) -> None:
    assert found(library, text, phrases=[part], excluded=[part], unfinished=True) == []


def test_a_caption_is_found_however_many_newer_lines_hold_its_words(
    library: Library, add_film: AddFilm, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(matches, "CUES_OF_A_WORD", 10)
    captioned = add_film("1")
    with library.write() as connection:
        captions.add(connection, captioned, 1.0, 2.0, "a whale in the sea")
    for _number in range(5):
        add_film("2", [f"a whale in the sea, {number}" for number in range(8)])
    for query in ("whale", "whale sea"):
        assert (captioned, 1.0) in found(library, query), query
        assert found(library, query)[0][0] == captioned, query
