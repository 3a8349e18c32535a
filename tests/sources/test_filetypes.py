"""Which files are media: extensions, globs of names, first bytes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mediaindex.sources import filetypes
from mediaindex.sources.filetypes import (
    MEDIA_EXTENSIONS,
    NOT_MEDIA,
    OTHER_EXTENSIONS,
    comparable,
    extension_of,
    is_container,
    is_text,
    name_rule,
)


def test_no_extension_is_both_media_and_other() -> None:
    assert not MEDIA_EXTENSIONS & OTHER_EXTENSIONS
    promised = "mp4 m4v mov mkv webm avi mts m2ts ts mpg vob wmv flv ogv 3gp mxf dv rm wtv gif braw r3d"
    assert set(promised.split()) <= MEDIA_EXTENSIONS
    assert not any(name_rule(NOT_MEDIA).match(f"film.{extension}") for extension in MEDIA_EXTENSIONS)


@given(st.binary(max_size=filetypes.SNIFF_BYTES))
def test_any_bytes_are_judged(head: bytes) -> None:
    assert isinstance(is_container(head), bool)
    assert isinstance(is_text(head), bool)


@given(st.text(st.characters(exclude_categories=[]), min_size=1), st.text(max_size=20))
def test_any_name_and_any_glob_are_compared(name: str, glob: str) -> None:
    assert name_rule(["*"]).match(name)
    assert not name_rule([]).match(name)
    name_rule([glob]).match(name)


@pytest.mark.parametrize(
    ("name", "extension"),
    [("a.MP4", "mp4"), ("a.b.mkv", "mkv"), (".mp4", "mp4"), ("film", ""), ("film.", ""), ("a.mp4 ", "mp4 ")],
)
def test_an_extension_is_what_follows_the_last_dot(name: str, extension: str) -> None:
    assert extension_of(name) == extension


@pytest.mark.parametrize("name", ["Film.mp4.PART", "~$film.mp4", ".hidden", "@eadir", "$Recycle.Bin"])
def test_names_that_are_never_media_are_known_in_any_case(name: str) -> None:
    assert name_rule(NOT_MEDIA).match(name)
    assert not name_rule(NOT_MEDIA).match("film.mp4")


def test_a_glob_is_compared_in_composed_form() -> None:
    assert comparable("cafe\u0301.mp4") == "caf\u00e9.mp4"
    assert name_rule(["cafe\u0301*"]).match(comparable("Caf\u00e9.mp4"))


def test_sound_and_pictures_in_the_container_of_films_are_no_films() -> None:
    assert is_container(b"\0\0\0\x18ftypisom")
    assert not is_container(b"\0\0\0\x18ftypM4A ")
    assert not is_container(b"\0\0\0\x18ftypheic")
    assert is_container(b"RIFF\0\0\0\0AVI ")
    assert not is_container(b"RIFF\0\0\0\0WAVE")


def test_bytes_of_control_are_no_text() -> None:
    assert is_text(b"export const x = 1\n")
    assert not is_text(b"")
    assert not is_text(b"text\0")
