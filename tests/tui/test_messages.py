"""What the two programs say to each other arrives as it was said, one message a line."""

from __future__ import annotations

import typing

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mediaindex_tui.messages import (
    GLYPHS,
    REPLACED,
    Answer,
    Ask,
    Completions,
    Message,
    Moment,
    Notice,
    Picture,
    Reply,
    Request,
    Span,
    Wanted,
    WordFound,
    line_of,
    read_reply,
    read_request,
)

TEXT = st.text(st.characters(exclude_categories=["Cs"]))
MOMENTS = st.builds(
    Moment,
    key=TEXT,
    rank=st.integers(1, 1000),
    video_id=st.integers(0, 2**62),
    segment_id=st.none() | st.integers(0, 2**62),
    path=st.binary(),
    name=TEXT,
    start=st.floats(0, 1e6),
    end=st.floats(0, 1e6),
    best=st.floats(0, 1e6),
    channel=st.sampled_from(("pictures", "words", "both")),
    words=st.lists(st.builds(WordFound, TEXT, TEXT), max_size=2).map(tuple),
    mark=st.sampled_from((None, "right", "wrong")),
)


def of_union(union: object) -> set[type]:
    return set(typing.get_args(union))


@given(ask=st.builds(Ask, number=st.integers(0), text=TEXT, caret=st.none() | st.integers(0)))
def test_a_question_arrives_on_one_line(ask: Ask) -> None:
    line = line_of(ask)
    assert line.count(b"\n") == 1
    assert read_request(line) == ask


@given(moments=st.lists(MOMENTS, max_size=3), number=st.integers(0))
def test_an_answer_arrives_with_every_byte_of_its_paths(moments: list[Moment], number: int) -> None:
    answer = Answer(number, "full", tuple(moments), problems=(Span(0, 1, "x"),))
    line = line_of(answer)
    assert line.count(b"\n") == 1
    assert read_reply(line) == answer


@given(cells=st.binary(max_size=64))
def test_pictures_are_bytes(cells: bytes) -> None:
    picture = Picture(Wanted(1, 2.5, 3, 4), cells)
    assert read_reply(line_of(picture)) == picture


def test_every_message_goes_one_way_and_is_read_there() -> None:
    requests, replies = of_union(Request), of_union(Reply)
    assert not requests & replies
    assert set(REPLACED) <= requests
    values = set(Message.__subclasses__()) - requests - replies
    assert {kind.__name__ for kind in values} == {"Span", "WordFound", "Moment", "Wanted", "Past", "Caption"}


def test_what_goes_the_other_way_is_refused() -> None:
    with pytest.raises(msgspec.ValidationError):
        read_request(line_of(Notice("x")))
    with pytest.raises(msgspec.ValidationError):
        read_reply(line_of(Ask(1, "x")))
    with pytest.raises(msgspec.ValidationError):
        read_reply(line_of(Completions(1)).replace(b'"number":1', b'"number":"one"'))


def test_messages_are_values() -> None:
    assert Wanted(1, 2.0, 3, 4) == Wanted(1, 2.0, 3, 4)
    assert len({Wanted(1, 2.0, 3, 4), Wanted(1, 2.0, 3, 4)}) == 1
    with pytest.raises(AttributeError):
        Ask(1, "x").text = "y"  # type: ignore[misc]


def test_the_glyph_of_each_mask_has_the_quarters_of_its_bits() -> None:
    assert len(GLYPHS) == len(set(GLYPHS)) == 16
    assert (GLYPHS[0], GLYPHS[3], GLYPHS[12], GLYPHS[15]) == (" ", "▀", "▄", "█")
    assert (GLYPHS[5], GLYPHS[10]) == ("▌", "▐")
