"""Names that were nearly typed."""

from __future__ import annotations

import unicodedata

from hypothesis import given
from hypothesis import strategies as st

from mediaindex.search.language.spelling import folded, is_one_letter_off, key_meant, nearest
from mediaindex.search.language.syntax import KEYS

WORDS = st.text("abcde", min_size=1, max_size=8)


def test_one_letter_too_many_too_few_another_or_two_swapped() -> None:
    for typed in ("befor", "beforre", "befors", "bfeore"):
        assert is_one_letter_off(typed, "before")
    for typed in ("before", "bef", "before12", "bfeoer", "eforeb", "xefory"):
        assert not is_one_letter_off(typed, "before")


@given(word=WORDS, place=st.integers(0, 8), letter=st.sampled_from("xyz"))
def test_it_is_the_same_seen_from_both(word: str, place: int, letter: str) -> None:
    longer = word[:place] + letter + word[place:]
    assert is_one_letter_off(longer, word)
    assert is_one_letter_off(word, longer)
    assert not is_one_letter_off(word, word)


def test_a_key_of_two_letters_needs_a_value_to_be_meant() -> None:
    assert key_meant("im", KEYS, has_value=True) == "in"
    assert key_meant("im", KEYS, has_value=False) is None
    assert key_meant("befor", KEYS, has_value=False) == "before"
    assert key_meant("title", KEYS, has_value=True) is None


def test_case_and_unicode_form_make_no_difference() -> None:
    assert folded("ÄRGER") == folded(unicodedata.normalize("NFD", "ärger"))


def test_the_nearest_names_come_first() -> None:
    names = ["Holiday 2024", "Birthdays", "hills", "Holiday 2023 with everybody whom we know"]
    assert nearest("Hoilday", names)[0].startswith("Holiday")
    assert set(nearest("Hoilday", names)) == {names[0], names[3]}
    assert nearest("birthday", names) == ["Birthdays"]
    assert nearest("zzzz", names) == []
    assert len(nearest("aaaa", [f"aaa{letter}" for letter in "bcdefgh"])) == 3
