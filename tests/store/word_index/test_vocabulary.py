"""The vocabulary: words with their stems, compounds, parts and neighbours."""

from __future__ import annotations

import sqlalchemy as sa

from mediaindex.store.catalog import fulltext
from mediaindex.store.catalog.schema import stem, word
from mediaindex.store.catalog.schema import vocabulary as words
from mediaindex.store.library import Library
from mediaindex.store.word_index import vocabulary
from tests.support.talking_films import AddFilm


def test_words_of_one_stem_are_known_in_the_language_of_their_text(
    library: Library, add_film: AddFilm
) -> None:
    add_film("1", ["a kutyák futnak"], language="hu")
    add_film("skateboarding")
    with library.read() as connection:
        assert vocabulary.of_one_stem(connection, "kutya", "kutya") == ["kutyak"]
        assert vocabulary.of_one_stem(connection, "skateboard", "skateboard") == ["skateboarding"]
        assert vocabulary.of_one_stem(connection, "skateboards", "skateboards") == ["skateboarding"]
        assert vocabulary.of_one_stem(connection, "whale", "whale") == []


def test_a_word_that_comes_in_another_language_gets_the_stems_of_both(
    library: Library, add_film: AddFilm
) -> None:
    add_film("1", ["hunden"], language="en")
    add_film("2", ["hunden"], language="da")
    with library.read() as connection:
        known = connection.execute(sa.select(stem.c.language, stem.c.stem)).all()
    assert ("da", "hund") in [tuple(row) for row in known]


def test_words_that_begin_so_come_by_how_many_places_hold_them(library: Library, add_film: AddFilm) -> None:
    add_film("beach IMG_20240503", ["a beat, a beat", "the beach"], language="en")
    add_film("bear", ["the beach 犬"], language="en")
    with library.read() as connection:
        assert vocabulary.words_beginning(connection, "Bea", limit=9) == ["beach", "bear", "beat"]
        assert vocabulary.words_beginning(connection, "bea", limit=1) == ["beach"]
        for nothing in ("b", "img2", "20", "zz", "two words", "", "犬"):
            assert vocabulary.words_beginning(connection, nothing, limit=9) == []


def test_a_compound_has_a_part_and_a_rest(library: Library, add_film: AddFilm) -> None:
    add_film("Strandspaziergang Hundeschule schule carpet destination")
    with library.read() as connection:

        def found(part: str, *, nowhere: bool = False) -> list[str]:
            compounds = vocabulary.compounds(connection, part)
            return compounds.possible if nowhere else compounds.sure

        assert found("strand") == ["strandspaziergang"]
        assert found("hund") == ["hundeschule"]
        assert found("schule") == []
        assert found("schule", nowhere=True) == ["hundeschule"]
        assert found("car") == found("car", nowhere=True) == []
        assert found("nation") == []


def test_a_word_that_is_written_of_two(library: Library, add_film: AddFilm) -> None:
    add_film("beach walk")
    with library.read() as connection:
        assert vocabulary.parts_of(connection, "beachwalk") == [("beach", "walk")]
        assert vocabulary.parts_of(connection, "beachwalks") == []
        assert vocabulary.parts_of(connection, "b" * 10_000) == []


def test_a_misspelt_word_is_near_to_words_and_stems(library: Library, add_film: AddFilm) -> None:
    add_film("skateboarding in 2021")
    with library.read() as connection:
        assert vocabulary.neighbours(connection, "skatebord") == ["skateboard"]
        assert vocabulary.neighbours(connection, "skateboardign") == ["skateboarding"]
        assert vocabulary.neighbours(connection, "2012") == []
        assert vocabulary.neighbours(connection, "in") == []


def test_words_that_stand_nowhere_any_more_are_dropped(library: Library, add_film: AddFilm) -> None:
    add_film("skateboarding dogs")
    add_film("whale", ["diving deep"])
    with library.write() as connection:
        connection.execute(sa.delete(word).where(word.c.text == "skateboarding dogs"))
        vocabulary.drop_unused(connection)
        vocabulary.drop_unused(connection)
        left = set(connection.execute(sa.select(words.c.word)).scalars())
        stems = set(connection.execute(sa.select(stem.c.word)).scalars())
    assert {"whale", "diving", "deep"} <= left
    assert not {word for word in left | stems if word.startswith(("skate", "dog"))}
    with library.read() as connection:
        assert len(fulltext.find(connection, "dive").hits) == 1
