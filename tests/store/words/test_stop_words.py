"""Small words: told by the language of the query, and never things."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mediaindex.store.words import stop_words
from mediaindex.store.words.folding import folded, tokens
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


def test_the_lists_are_folded_as_the_index_is() -> None:
    listed = Path(stop_words.__file__).with_suffix(".txt").read_text(encoding="utf-8").splitlines()
    words = [word for line in listed if not line.startswith(("#", "[")) for word in line.split()]
    assert len(words) > 1000
    assert [word for word in words if folded(word) != word] == []


@given(words=st.lists(st.text(max_size=8), max_size=10))
def test_a_small_word_is_one_of_the_words(words: list[str]) -> None:
    assert small_words(words) <= set(words)
