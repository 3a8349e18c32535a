"""Queries in a language that an English encoder does not read."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mediaindex.embed import language
from mediaindex.embed.encoder import EncoderSpec
from mediaindex.embed.language import language_note, language_of_text
from tests.support.fake_encoder import FakeEncoder

ENGLISH = FakeEncoder().spec
MANY: EncoderSpec = replace(ENGLISH, languages="multilingual")


@pytest.mark.parametrize(
    ("query", "named"),
    [
        ("собака на пляже", "Cyrillic letters"),
        ("犬が走る", "letters"),
        ("女人", "Chinese letters"),
        ("개", "Korean letters"),
        ("كلب", "Arabic letters"),
        ("Kinder spielen im Garten", "German"),
        ("chien sur la plage", "French"),
        ("un perro corre por la playa", "Spanish"),
        ("bambini che giocano in spiaggia", "Italian"),
        ("een vrouw met een rode jas", "Dutch"),
        ("köpek sahilde koşuyor", "Turkish"),
        ("une femme dans la cuisine", "French"),  # every word of these two is in the English vocabulary
        ("de kat op de bank", "Dutch"),
    ],
)
def test_another_language_is_named_with_the_remedy(query: str, named: str) -> None:
    note = language_note(query, ENGLISH)
    assert note is not None
    assert named in note
    assert "mediaindex models pull multilingual" in note
    assert language_note(query, MANY) is None


@pytest.mark.parametrize(
    "query",
    [
        "dog",
        "Anna",
        "man in a skull sweatshirt",
        "café terrace",
        "pizza napoli",
        "san francisco golden gate",
        "el capitan climb",
        "jump rope",
        "DOG AND CAT",
        "dog 狗",
        "ｄｏｇ",
        "🐶 dog",
        "Hochzeit",
        "2024",
        "",
    ],
)
def test_english_names_and_single_words_pass(query: str) -> None:
    assert language_note(query, ENGLISH) is None


@pytest.mark.parametrize("query", ["red wall", "birthday cake", "Dog in snow", "a man playing guitar"])
def test_common_words_need_no_identifier(query: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(language, "_identifier", lambda: pytest.fail("it was loaded"))
    assert language_note(query, ENGLISH) is None


@given(st.text(max_size=200))
def test_any_text_gets_one_line_or_none(query: str) -> None:
    note = language_note(query, ENGLISH)
    assert note is None or "\n" not in note


@pytest.mark.corpus
def test_false_alarms_are_rare_on_the_corpus(shared: Path) -> None:
    lines = (shared / "corpus" / "videos" / "MANIFEST.jsonl").read_text(encoding="utf-8").splitlines()
    rows = [json.loads(line) for line in lines]
    queries = [text for row in rows for text in (row["query"], *row.get("captions", ()))]
    alarms = [query for query in queries if language_note(query, ENGLISH)]
    assert len(alarms) <= len(queries) / 100, alarms


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("Rex at the lake", "en"),
        ("Kinder spielen im Garten", "de"),
        ("un chien court sur la plage", "fr"),
        ("犬が走る", "ja"),
        ("开车 在 城市 的 街道 上", "zh"),
        ("개가 달린다", "ko"),
        ("σκύλος στην παραλία", "el"),
        ("كلب يجري على الشاطئ", "ar"),
        ("dog", None),
        ("Hund", None),
        ("Rex Bello", None),
        ("собака на пляже", None),  # as good as Bulgarian
        ("🐶 2024", None),
        ("", None),
    ],
)
def test_the_language_of_a_text_is_told_where_it_is_certain(text: str, language: str | None) -> None:
    assert language_of_text(text) == language
    assert language_note("chien sur la plage", ENGLISH) is not None  # the other identifier is as it was


@given(st.text(max_size=200))
def test_any_text_has_a_language_of_two_letters_or_none(text: str) -> None:
    language = language_of_text(text)
    assert language is None or (len(language) == 2 and language.isalpha())
