"""The nearest words: few errors, and fewer in a short word."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mediaindex.store.words.nearest import errors_allowed, nearest

WORDS = ["skateboard", "skating", "kitten", "mitten", "dog", "elephant"]


@pytest.mark.parametrize(
    ("typed", "found"),
    [
        ("skatebord", ["skateboard"]),
        ("skatebaord", ["skateboard"]),
        ("elefant", ["elephant"]),
        ("kiten", ["kitten"]),
        ("litten", ["kitten", "mitten"]),
        ("mittem", ["mitten"]),
        ("dgo", []),
        ("zebra", []),
    ],
)
def test_a_misspelt_word_has_its_neighbours(typed: str, found: list[str]) -> None:
    assert nearest(typed, WORDS) == found


def test_the_same_first_letter_comes_first() -> None:
    assert nearest("boat", ["coat", "goat", "bolt"]) == ["bolt", "coat", "goat"]


@given(word=st.text(min_size=1, max_size=12), others=st.lists(st.text(min_size=1, max_size=12), max_size=10))
def test_only_words_of_the_list_are_near(word: str, others: list[str]) -> None:
    found = nearest(word, others)
    assert set(found) <= set(others)
    assert all(abs(len(other) - len(word)) <= errors_allowed(word) for other in found)
