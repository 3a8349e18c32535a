"""Small words: told by the language of the query, and never things."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mediaindex.store.words.folding import tokens
from mediaindex.store.words.stop_words import small_words


@pytest.mark.parametrize(
    ("query", "small"),
    [
        ("the dog on the beach", {"the", "on"}),
        ("der Hund am Strand", {"der", "am"}),
        ("le chien dans la neige", {"le", "dans", "la"}),
        ("el perro de la casa", {"el", "de", "la"}),
        ("что это за собака", {"что", "за"}),
        ("en hund på stranden", {"en", "pa"}),
        ("war film", set()),
        ("man with a hat", {"with", "a"}),
        ("man walking dog", set()),
        ("sea turtle", set()),
        ("was ist das am Strand", {"was", "ist", "das", "am"}),
        ("café del mar", {"del"}),
        ("", set()),
    ],
)
def test_small_words_are_those_of_the_language_of_the_query(query: str, small: set[str]) -> None:
    assert small_words(tokens(query)) == small


@given(words=st.lists(st.text(max_size=8), max_size=10))
def test_a_small_word_is_one_of_the_words(words: list[str]) -> None:
    assert small_words(words) <= set(words)
