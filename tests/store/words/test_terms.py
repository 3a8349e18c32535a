"""Terms: what counts as one word of a query."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mediaindex.store.words.folding import tokens
from mediaindex.store.words.terms import MOST_TERMS, query_terms


def spellings(text: str) -> list[str]:
    return [term.spelling for term in query_terms(text)]


def test_small_words_do_not_count_unless_they_are_all() -> None:
    assert spellings("the dog and the cat") == ["dog", "cat"]
    assert spellings("to be or") == ["to", "be", "or"]


def test_a_term_is_spelled_as_it_was_typed() -> None:
    assert spellings("«Чайник», CAFÉ! Anne-Marie שָׁלוֹם") == ["чайник", "café", "anne", "marie", "שָׁלוֹם"]


def test_a_word_that_is_asked_twice_counts_once() -> None:
    assert spellings("café Cafe CAFE\u0301") == ["café"]


@pytest.mark.parametrize(
    ("text", "phrases"),
    [
        ("강아지", ['"강 아 지"']),
        ("走って 犬", ['"走 っ て"', '"犬"']),
        ("我们用GoPro拍了", ['"我 们 用"', '"gopro"', '"拍 了"']),
        ("beach day", ['"beach"', '"day"']),
        ('?! -- "" *', []),
    ],
)
def test_characters_without_spaces_are_one_phrase(text: str, phrases: list[str]) -> None:
    assert [term.phrase for term in query_terms(text)] == phrases


def test_a_long_query_has_so_many_terms_and_no_more() -> None:
    assert len(query_terms(" ".join(f"word{n}" for n in range(500)))) == MOST_TERMS


@given(text=st.text(st.characters(exclude_categories=()), max_size=60))
def test_any_text_can_be_asked(text: str) -> None:
    terms = query_terms(text)
    assert len({term.tokens for term in terms}) == len(terms)
    assert all(term.spelling and term.tokens for term in terms)
    assert {token for term in terms for token in term.tokens} <= set(tokens(text))
    assert bool(terms) == bool(tokens(text))
