"""From places to moments: what is better, and how many are read."""

from __future__ import annotations

import pytest

from mediaindex.store.catalog import fulltext
from mediaindex.store.library import Library
from mediaindex.store.word_index import moments
from mediaindex.store.word_index.matches import Place
from mediaindex.store.word_index.moments import rank_of
from mediaindex.store.word_index.relevance import FIELD_WEIGHTS
from tests.support.talking_films import AddFilm


def place(**scores: float) -> Place:
    made = Place(1, 0)
    for number, (where, score) in enumerate(scores.items()):
        made.add(number, where, score, is_exact=where != "folder")
    return made


def test_more_terms_come_first_then_what_is_told_then_what_is_exact() -> None:
    assert rank_of(place(folder=0.1, name=0.1)) > rank_of(place(name=9.0))
    assert rank_of(place(name=0.1)) > rank_of(place(camera=9.0))
    assert rank_of(place(name=0.1)) > rank_of(place(folder=9.0))
    assert rank_of(place(title=2.0)) > rank_of(place(title=1.0))
    assert rank_of(place(name=1.0))[3] == FIELD_WEIGHTS["name"]


def test_a_name_comes_before_what_is_said(library: Library, add_film: AddFilm) -> None:
    said = add_film("1", ["a whale dives"])
    named = add_film("a whale dives")
    with library.read() as connection:
        assert [hit.video_id for hit in fulltext.find(connection, "whale").hits] == [named, said]


def test_moments_do_not_depend_on_how_many_places_are_read_at_once(
    library: Library, add_film: AddFilm, monkeypatch: pytest.MonkeyPatch
) -> None:
    for film in range(6):
        add_film("x", [f"whale {'and more ' * (number % 4)}" for number in range(film, film + 12)])
    with library.read() as connection:
        whole = fulltext.find(connection, "whale", limit=20, per_video=3).hits
        monkeypatch.setattr(moments, "PLACES_AT_ONCE", 1)
        assert fulltext.find(connection, "whale", limit=20, per_video=3).hits == whole
    assert len(whole) == 18
