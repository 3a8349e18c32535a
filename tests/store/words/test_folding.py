"""Folding: what a keyboard types and what a file holds become the same tokens, in every script."""

from __future__ import annotations

import sys
import unicodedata
from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mediaindex.store.words.folding import folded, is_unspaced, tokens

Form = Literal["NFC", "NFD", "NFKC", "NFKD"]
FORMS: tuple[Form, ...] = ("NFC", "NFD", "NFKC", "NFKD")
# Every character that Python knows, halves of surrogate pairs and unassigned ones too.
ANYTHING = st.text(st.characters(exclude_categories=()), max_size=40)
LETTERS_AND_MARKS = st.text(
    st.one_of(
        st.characters(categories=("L", "N", "M")),
        st.sampled_from("йёїґäßİıłøæﬁガﾞ한국강ᄒ犬沙สาहिन्दीשָׁأؤةیـ\u200d\u200c\u00ad\u3099 -"),
    ),
    max_size=20,
)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("GoPro HERO9", "gopro hero9"),
        ("Łódź, İstanbul; đẹp (Straße)", "lodz istanbul dep strasse"),
        ("синий ёлка Україна", "синии елка украіна"),
        ("Ελλάδα θάλασσας", "ελλαδα θαλασσασ"),
        ("שָׁלוֹם", "שלום"),
        ("القُرْآن أحمد", "القران احمد"),
        ("كتـــاب مدرسة", "كتاب مدرسه"),
        ("می\u200cخواهم", "ميخواهم"),
        ("हिन्दी नमस्ते", "हिन्दी नमस्ते"),
        ("தமிழ் বাংলা ქართული", "தமிழ் বাংলা ქართული"),
        ("한국어", "한 국 어"),
        ("ガラス ｶﾞﾗｽ", "ガ ラ ス ガ ラ ス"),
        ("我们用GoPro拍了日出", "我 们 用 gopro 拍 了 日 出"),
        ("大阪旅行2019年", "大 阪 旅 行 2019 年"),
        ("ที่นี่", "ที่ นี่"),
        ("ខ្មែរ မြန်မာ ລາວ", "ខ្ មែ រ မြ န် မာ ລ າ ວ"),
        ("٢٠١٩ २०१९ ２０１９", "2019 2019 2019"),
        ("co\u00adop don't a_b", "coop don t a b"),
        ("葛\U000e0100城 👩\u200d🚀", "葛 城"),
        ("м\u02bcяч м'яч м\u2019яч", "м яч м яч м яч"),
        ("Hawai\u02bbi Hawai'i Qur\u02bean", "hawai i hawai i qur an"),
        ("йогурт\u200bвода", "иогурт вода"),
        ("അവൻ അവന്\u200d", "അവന് അവന്"),
    ],
)
def test_words_of_every_script(text: str, expected: str) -> None:
    assert [folded(unicodedata.normalize(form, text)) for form in FORMS] == [expected] * 4


@pytest.mark.parametrize(
    ("one", "other"),
    [("й", "и"), ("ё", "е"), ("ї", "і"), ("ä", "a"), ("أ", "ا"), ("ى", "ي"), ("ص\u064e", "ص"), ("בּ", "ב")],
)
def test_marks_that_many_leave_out_make_no_difference(one: str, other: str) -> None:
    assert tokens(one) == tokens(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [("कि", "का"), ("ที", "ที่"), ("か", "が"), ("は", "ぱ"), ("각", "가"), ("ക", "കീ"), ("កា", "កី")],
)
def test_marks_that_make_another_word_stay(one: str, other: str) -> None:
    assert tokens(one) != tokens(other)


def test_what_has_no_letters_has_no_tokens() -> None:
    assert tokens("") == tokens("?! -- …「」\u200b\u0301") == []


def test_characters_of_scripts_without_spaces_are_told() -> None:
    assert all(is_unspaced(token) for token in tokens("犬がหมา강아지ខ្មែរ〇々ー"))
    assert not any(is_unspaced(token) for token in tokens("dog собака كلب कुत्ता 2019"))


@given(text=ANYTHING)
def test_any_text_can_be_folded(text: str) -> None:
    found = tokens(text)
    assert all(found)
    assert not any(token.isspace() or token.isupper() or " " in token for token in found)


@given(text=LETTERS_AND_MARKS, form=st.sampled_from(FORMS))
def test_every_form_of_a_text_has_the_same_tokens(text: str, form: Form) -> None:
    assert tokens(unicodedata.normalize(form, text)) == tokens(text)


@given(text=st.one_of(ANYTHING, LETTERS_AND_MARKS))
def test_folded_text_is_folded_to_itself(text: str) -> None:
    assert folded(folded(text)) == folded(text)


def test_every_character_is_folded_alike_in_every_form() -> None:
    different = [
        hex(code)
        for code in range(sys.maxunicode + 1)
        if (letter := chr(code)).isalnum()
        and (
            tokens(unicodedata.normalize("NFD", letter)) != (found := tokens(letter))
            or tokens(" ".join(found)) != found
        )
    ]
    assert different == []
