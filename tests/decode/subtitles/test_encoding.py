"""The text of a subtitle file, whatever its encoding, damaged or not."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mediaindex.decode.subtitles.encoding import decoded

SRT = "1\n00:00:02,000 --> 00:00:04,000\n"

SPOKEN = {
    "fr": ("cp1252", "Où est passé le garçon? Déjà là, près de la forêt."),
    "ru": ("cp1251", "Здравствуйте, куда вы идёте сегодня вечером?"),
    "pl": ("cp1250", "Gdzie jest mój żółty płaszcz? Źle się czuję."),
    "ja": ("cp932", "今日はとても良い天気ですね。どこへ行きますか"),
    "zh-Hans": ("gb18030", "你今天晚上要去哪里?我们一起去吧。"),
    "zh-Hant": ("big5", "你今天晚上要去哪裡?我們一起去吧。"),
    "ko": ("cp949", "오늘 저녁에 어디로 가십니까? 함께 갑시다."),
    "ar": ("cp1256", "مرحبا كيف حالك اليوم إلى أين تذهب"),
    "el": ("cp1253", "Πού πηγαίνεις απόψε; Έλα μαζί μας."),
    "tr": ("cp1254", "Bu akşam nereye gidiyorsunuz, çocuğum? İyi günler."),
    "he": ("cp1255", "שלום לאן אתה הולך הערב"),
}


@pytest.mark.parametrize("language", SPOKEN)
@pytest.mark.parametrize("times", [1, 40])
def test_old_encodings_are_read_where_the_name_says_the_language(language: str, times: int) -> None:
    encoding, spoken = SPOKEN[language]
    text = (SRT + spoken + "\r\n\r\n") * times
    assert decoded(text.encode(encoding), language=language) == text


@pytest.mark.parametrize("language", ["fr", "ru", "pl", "ja", "zh-Hans", "zh-Hant", "ko", "ar", "el"])
def test_old_encodings_are_read_where_no_language_is_named(language: str) -> None:
    encoding, spoken = SPOKEN[language]
    text = (SRT + spoken + "\r\n\r\n") * 40
    assert decoded(text.encode(encoding)) == text


def test_the_plain_chinese_tag_leaves_the_choice_to_the_text() -> None:
    for language in ("zh-Hans", "zh-Hant"):
        encoding, spoken = SPOKEN[language]
        assert decoded((spoken + "\n").encode(encoding), language="zh") == spoken + "\n"


@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-be"]
)
def test_unicode_is_read_with_and_without_mark(encoding: str) -> None:
    text = SRT + "Où est passé 猫 🎥"
    if encoding == "utf-32-be":
        assert decoded(b"\0\0\xfe\xff" + text.encode(encoding)) == text
    else:
        assert decoded(text.encode(encoding)) == text


@given(st.binary(max_size=300))
def test_any_bytes_are_decoded(content: bytes) -> None:
    assert isinstance(decoded(content), str)


ACCENTED = "Où est passé le garçon? Déjà là, près de la forêt."


@pytest.mark.parametrize(
    ("bad", "language"),
    [(b"\xff", None), (b"\xe9", "fr"), (b"\xc3", None), (b"\x80", "ja"), (b"\xf0\x9f", "ru")],
)
def test_one_bad_byte_costs_one_character(bad: bytes, language: str | None) -> None:
    good = (SRT + ACCENTED + "\n\n") * 3
    text = decoded(good.encode() + "Voilà l'été ".encode() + bad + b" fini", language=language)
    assert text.startswith(good)
    assert text[len(good) :].startswith("Voilà l'été ")
    assert text.endswith(" fini")


def test_one_accented_word_beside_one_bad_byte_is_enough() -> None:
    assert "café" in decoded(SRT.encode() + "the café\n".encode() + b"is \xff open")


@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
def test_a_line_that_was_added_in_an_old_encoding_is_read_as_such(mark: bytes) -> None:
    lines = [ACCENTED] * 4 + ["Un été à la mer"]
    content = mark + b"\n".join([*(line.encode() for line in lines[:-1]), lines[-1].encode("cp1252")])
    assert decoded(content, language="fr") == "\n".join(lines)


@given(
    st.lists(st.text(st.characters(min_codepoint=0xA1, max_codepoint=0x2FFF), min_size=4), min_size=2),
    st.integers(0x80, 0xFF),
)
def test_a_damaged_file_of_any_script_stays_unicode(lines: list[str], bad: int) -> None:
    content = "\n".join(lines).encode() + b"\n~ " + bytes([bad])
    assert decoded(content).rpartition("\n~ ")[0] == "\n".join(lines)
