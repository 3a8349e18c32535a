"""Completion: what may follow the letters at the caret."""

from __future__ import annotations

import datetime

from hypothesis import given
from hypothesis import strategies as st

from mediaindex.search.query import Completion, Known, complete, parse

KNOWN = Known(
    folders=("Holiday 2024", "holdings", "archive", "beach"),
    cameras=("Canon EOS R6", "GoPro HERO9"),
    days=("2024-05-31", "2024-02-28", "2023-12-24"),
    words=("beach", "bear", "before", "bench", "bean", "bed", "bell", "beyond", "Äpfel", "dog"),
)


def completed(text: str, caret: int | None = None) -> list[str]:
    """The whole text with each completion in it."""
    found = complete(text, len(text) if caret is None else caret, KNOWN)
    return [text[: one.start] + one.text + text[one.end :] for one in found]


def test_keys_come_before_words() -> None:
    assert completed("dog be") == [
        "dog before:", "dog beach", "dog bear", "dog before", "dog bench", "dog bean",
    ]  # fmt: skip


def test_values_of_a_key() -> None:
    assert completed("in:hol") == ['in:"Holiday 2024"', "in:holdings"]
    assert completed('in:"Holiday') == ['in:"Holiday 2024"']
    assert completed("in:") == ['in:"Holiday 2024"', "in:holdings", "in:archive", "in:beach"]
    assert completed("camera:gopro") == ['camera:"GoPro HERO9"']
    assert completed("camera:r6") == ['camera:"Canon EOS R6"']
    assert completed("after:2024") == ["after:2024-05-31", "after:2024-02-28"]
    assert completed("on:y") == ["on:yesterday"]
    assert completed("by:") == ["by:words", "by:pictures", "by:both"]
    assert completed("is:m") == ["is:marked"]
    assert completed("longer:1") == completed("like:a") == completed("befor:") == []


def test_the_last_word_also_of_a_phrase_and_behind_a_minus() -> None:
    assert completed("-äp") == ["-Äpfel"]
    assert completed("-bef") == ["-before"]
    assert completed('"dog bea') == ['"dog beach', '"dog bear', '"dog bean']


def test_what_stands_behind_the_caret_stays() -> None:
    assert completed("bea in:beach", caret=3) == ["beach in:beach", "bear in:beach", "bean in:beach"]


def test_a_finished_word_and_the_inside_of_one_are_left_alone() -> None:
    assert completed("beach ") == completed("") == completed("beach") == completed('"bea"') == []
    assert completed("beach", caret=2) == []
    assert completed("then") == []


def test_a_name_that_cannot_be_typed_is_not_offered() -> None:
    assert complete("in:a", 4, Known(folders=('a " ” »',))) == ()


@given(
    text=st.text() | st.lists(st.sampled_from(["in:", "camera:", "be", '"', "-", " ", "then"])).map("".join),
    caret=st.integers(-2, 40),
)
def test_any_text_can_be_completed(text: str, caret: int) -> None:
    for one in complete(text, caret, KNOWN):
        assert isinstance(one, Completion)
        assert 0 <= one.start < one.end == caret <= len(text)
        parse(text[: one.start] + one.text, today=datetime.date(2026, 11, 29))


@given(name=st.text(min_size=1).filter(str.strip))
def test_a_completed_folder_is_read_as_it_is(name: str) -> None:
    for one in complete("in:", 3, Known(folders=(name,))):
        assert [
            found.value for found in parse(f"dog {one.text}", today=datetime.date(2026, 11, 29)).filters
        ] == [name]
