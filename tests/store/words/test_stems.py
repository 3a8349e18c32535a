"""Stems: in the language that a text names, else in those that fit its script."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mediaindex.store.words.folding import folded
from mediaindex.store.words.stems import is_sure, query_stems, stems


@pytest.mark.parametrize(
    ("word", "language", "stem"),
    [
        ("skateboarding", "en", "skateboard"),
        ("häuser", "de", "haus"),
        ("häuser", "de-AT", "haus"),
        ("chevaux", "fr", "cheval"),
        ("собаки", "ru", "собак"),
        ("hundene", "nb", "hund"),
        ("kutyák", "hu", "kutya"),
    ],
)
def test_the_language_that_a_text_names_is_trusted_alone(word: str, language: str, stem: str) -> None:
    ((_language, found),) = stems(word, language)
    assert found == stem


def test_a_word_of_unknown_language_has_stems_of_many() -> None:
    found = dict(stems("hunde"))
    assert found["de"] == "hund"
    assert found["en"] == "hund"
    assert not {"hu", "ca", "lt"} & set(found), "these join many words of other languages"
    assert set(dict(query_stems("hunde"))) > set(found)


def test_a_short_stem_counts_only_where_the_language_is_sure() -> None:
    assert dict(stems("bare")) == {"en": "bare"} | {
        language: stem for language, stem in stems("bare") if len(stem) >= 4
    }
    assert is_sure("en", "dog")
    assert not is_sure("es", "bar")


def test_a_language_without_a_stemmer_is_not_known() -> None:
    assert stems("hunde", "xx") == stems("hunde")
    assert stems("ქართული") == stems("") == stems("犬") == ()
    assert stems("a" * 1000) == query_stems("a" * 1000) == ()


@given(word=st.text(min_size=1, max_size=20), language=st.sampled_from([None, "en", "de", "tr", "ar", "hu"]))
def test_any_word_has_folded_stems(word: str, language: str | None) -> None:
    for _language, stem in stems(word, language) + query_stems(word):
        assert stem == folded(stem)
        assert " " not in stem
