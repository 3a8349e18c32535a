"""Which tags of a container are words: those that a person wrote."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mediaindex.store.words.content_words import content_words


@pytest.mark.parametrize(
    ("key", "text"),
    [
        ("major_brand", "isom"),
        ("compatible_brands", "qt  "),
        ("minor_version", "512"),
        ("encoder", "Lavf61.1.100"),
        ("encoder-eng", "5.1"),
        ("encoded_by", "HandBrake"),
        ("com.apple.quicktime.software", "16.1"),
        ("com.apple.quicktime.make", "Apple"),
        ("com.android.version", "13"),
        ("com.android.manufacturer", "Google"),
        ("make", "Canon"),
        ("handler_name", "VideoHandler"),
        ("vendor_id", "FFMP"),
        ("language", "und"),
        ("creation_time", "2023-03-07T13:35:55.000000Z"),
        ("com.apple.quicktime.creationdate", "2023-03-07T15:35:55+0200"),
        ("location", "+48.8577+002.2950/"),
        ("location-eng", "+48.8577+002.2950/"),
        ("com.apple.quicktime.location.iso6709", "+40.6358-111.8084+1401.883/"),
        ("timecode", "10:20:30:00"),
        ("_statistics_writing_app", "mkvmerge v69"),
        ("firmware", "HD9.01.01.72.00"),
    ],
)
def test_what_programs_write_is_no_word(key: str, text: str) -> None:
    assert content_words(None, None, {key: text}) == []


@pytest.mark.parametrize(
    "key",
    [
        "comment",
        "comment-eng",
        "com.apple.quicktime.comment",
        "artist",
        "description",
        "location",
        "wm/category",
    ],
)
def test_what_a_person_writes_is_a_word(key: str) -> None:
    assert content_words(None, None, {key: "Paris by night"}) == [("tag", "Paris by night")]


def test_title_and_camera_are_fields_of_their_own() -> None:
    tags = {"title": "Our trip", "com.apple.quicktime.make": "Apple", "comment": "by uncle", "artist": "Zoë"}
    assert content_words("Our trip", "Apple iPhone 13", tags) == [
        ("title", "Our trip"),
        ("camera", "Apple iPhone 13"),
        ("tag", "by uncle"),
        ("tag", "Zoë"),
    ]


def test_nothing_is_told_twice() -> None:
    tags = {"comment": "a gift", "description": "a gift", "synopsis": "Our trip"}
    assert content_words("Our trip", None, tags) == [("title", "Our trip"), ("tag", "a gift")]
    assert content_words("", "", {"comment": ""}) == []


@given(tags=st.dictionaries(st.text(max_size=30), st.text(max_size=30), max_size=5))
def test_no_tag_breaks_it(tags: dict[str, str]) -> None:
    assert {field for field, _text in content_words(None, None, tags)} <= {"tag"}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("https://www.youtube.com/watch?v=abc", []),
        ("see www.example.org/harbour, ask skipper@example.org: the red boat", ["see   ask   the red boat"]),
        ("5:30 at the pier @ dusk", ["5:30 at the pier @ dusk"]),
    ],
)
def test_addresses_are_no_words(text: str, words: list[str]) -> None:
    assert [told for _field, told in content_words(None, None, {"comment": text})] == words
