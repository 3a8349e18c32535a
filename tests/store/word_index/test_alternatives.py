"""What stands for a term: and that the term itself comes first."""

from __future__ import annotations

from mediaindex.store.catalog import fulltext
from mediaindex.store.catalog.fulltext import Correction
from mediaindex.store.library import Library
from mediaindex.store.word_index.alternatives import asked_terms
from mediaindex.store.words.terms import query_terms
from tests.support.talking_films import AddFilm


def names(library: Library, text: str, *, unfinished: bool = False) -> list[int]:
    with library.read() as connection:
        return [hit.video_id for hit in fulltext.find(connection, text, unfinished=unfinished).hits]


def test_the_word_itself_comes_before_its_inflections(library: Library, add_film: AddFilm) -> None:
    inflected = [add_film(f"dogs {number}") for number in range(3)]
    said = add_film("1", ["it is such a very long line in which a dog is mentioned only at its end"])
    assert names(library, "dog") == [said, *inflected]
    assert names(library, "dogs") == [*inflected, said]


def test_an_unfinished_word_is_the_beginning_of_many(library: Library, add_film: AddFilm) -> None:
    beach, bear = add_film("beach"), add_film("bear cub")
    assert names(library, "bea", unfinished=True) == [beach, bear]
    assert names(library, "bea") == []
    assert names(library, "bear c", unfinished=True)[0] == bear
    assert names(library, "beach", unfinished=True) == [beach]


def test_words_are_found_apart_and_together(library: Library, add_film: AddFilm) -> None:
    together, apart = add_film("beachwalk"), add_film("a walk on the beach")
    assert set(names(library, "beach walk")) == {together, apart}
    only_apart = add_film("sun set")
    assert names(library, "sunset") == [only_apart]


def test_a_misspelt_word_is_replaced_and_this_is_said(library: Library, add_film: AddFilm) -> None:
    film = add_film("skateboarding dog")
    with library.read() as connection:
        reply = fulltext.find(connection, "skatebord dog")
    assert reply.corrected == (Correction("skatebord", "skateboard"),)
    assert [hit.video_id for hit in reply.hits] == [film]
    assert ("skateboard", "name") in reply.hits[0].found


def test_a_word_that_stands_somewhere_is_never_corrected(library: Library, add_film: AddFilm) -> None:
    add_film("kitten")
    add_film("mitten")
    with library.read() as connection:
        assert fulltext.find(connection, "mitten kittens").corrected == ()


def test_no_word_of_a_hidden_file_is_told(library: Library, add_film: AddFilm) -> None:
    add_film("skateboarding")
    with library.write() as connection:
        connection.exec_driver_sql("UPDATE location SET forgotten_at = 1.0")
    with library.read() as connection:
        assert fulltext.find(connection, "skatebord") == fulltext.WordAnswer([])


def test_a_term_of_characters_stands_for_itself_alone(library: Library) -> None:
    with library.read() as connection:
        (asked,) = asked_terms(connection, query_terms("沙滩"), lambda _expression: False)
    assert (asked.exact, asked.near, asked.typed) == ('"沙 滩"', "", None)
