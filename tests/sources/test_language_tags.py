"""Languages by code, tag and name, and the code pages of texts from before Unicode."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from mediaindex.sources.language_tags import WESTERN, code_page_of, language_of


def test_languages_are_known_by_code_tag_and_name() -> None:
    tags = {
        "EN": "en",
        "eng": "en",
        "ger": "de",
        "deu": "de",
        "German": "de",
        "pob": "pt-BR",
        "zh-cn": "zh-CN",
    }
    assert {word: language_of(word) for word in tags} == tags
    for word in (
        "",
        "x",
        "xx",
        "en-",
        "night",
        "en-full",
        "en-hi",
        "2021",
        "zh-hans-cn-x",
        "en-ja",
        "zh-hans-en",
    ):
        assert language_of(word) is None
    assert code_page_of("zh-Hans-CN") == code_page_of("zh-CN") == "gb18030"
    assert (code_page_of("zh"), code_page_of("ru-RU"), code_page_of("fr"), code_page_of(None)) == (
        None,
        "cp1251",
        "cp1252",
        "cp1252",
    )


@given(st.text(st.characters(exclude_categories=[])))
def test_a_tag_that_is_given_means_itself_and_has_a_known_code_page(word: str) -> None:
    tag = language_of(word)
    if tag is not None:
        assert language_of(tag) == tag
        assert language_of(word.upper()) == tag
        page = code_page_of(tag)
        assert page is None or "".encode(page) == b""


def test_languages_that_are_not_listed_were_written_in_western() -> None:
    assert code_page_of("is") == code_page_of("en-GB") == WESTERN
    assert code_page_of("sr-Latn") == code_page_of("sr") == "cp1251"
