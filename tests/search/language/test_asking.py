"""A query becomes the question that the search engine is asked."""

from __future__ import annotations

import datetime

import numpy as np
import pytest

from mediaindex.errors import DecodeError, QueryError
from mediaindex.search.answer import Channel, Question
from mediaindex.search.by_example import Example
from mediaindex.search.language.asking import on_channel, question_of
from mediaindex.search.query import Query, parse

SEEN = Example(np.eye(4, dtype=np.float32)[0], (7, 3.0))


def parsed(text: str) -> Query:
    return parse(text, today=datetime.date(2026, 11, 29))


def look(what: str) -> Example:
    if what.startswith("gone"):
        raise QueryError(f"{what} does not exist")
    if what.startswith("broken"):
        raise DecodeError("no frame could be decoded")
    return SEEN


def asked(text: str) -> Question:
    return question_of(parsed(text), look)[1]


def test_the_encoder_reads_neither_quotation_marks_nor_filters_nor_what_is_left_out() -> None:
    question = asked('a dog in:x "on the beach" -cat -"black sand" by:words after:2024')
    assert question.text == "a dog on the beach"
    assert question.phrases == ("on the beach",)
    assert question.excluded == ("cat", "black sand")
    assert question.channel == "words"


def test_text_that_is_no_utf_8_is_escaped() -> None:
    question = asked('caf\udce9 "\udce9" -\udce9')
    assert (question.text, question.phrases, question.excluded) == (
        "caf\\udce9 \\udce9",
        ("\\udce9",),
        ("\\udce9",),
    )


def test_an_example_is_a_vector_and_no_answer_itself() -> None:
    question = asked("like:a.mp4@3 dog")
    assert question.text == "dog"
    assert question.vector is SEEN.vector
    assert question.without == (7, 3.0)
    assert asked("like:a.mp4@3").text is None


def test_what_follows_is_looked_for_too() -> None:
    question = asked('man sits then:10s "stands up" -chair then like:a.mp4')
    first, second = question.following
    assert (first.text, first.within_seconds, first.phrases) == ("stands up", 10, ("stands up",))
    assert (first.excluded, first.vector) == (("chair",), None)
    assert (second.text, second.within_seconds, second.vector) == (None, 60, SEEN.vector)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("dog like:gone@3", "like:gone@3: gone@3 does not exist"),
        ("dog like:broken", "like:broken: no frame could be decoded"),
    ],
)
def test_an_example_that_cannot_be_seen_is_left_out(text: str, said: str) -> None:
    query, question = question_of(parsed(text), look)
    assert [(text[one.start : one.end], one.text) for one in query.problems] == [(text[4:], said)]
    assert (query.canonical, question.text, question.vector) == ("dog", "dog", None)


def test_nothing_to_look_for_asks_for_nothing() -> None:
    for text in ("", "-cat", "in:x", "like:gone"):
        question = asked(text)
        assert (question.text, question.vector, question.following) == (None, None, ())


@pytest.mark.parametrize(
    ("text", "channel", "left", "said"),
    [
        ("dog by:words", "both", "dog by:words", []),
        ("dog by:words", "words", "dog by:words", []),
        ("dog", "words", "dog", []),
        ("dog by:words", "pictures", "dog", ["by:words and --channel pictures exclude each other"]),
        ("dog by:both", "words", "dog", ["by:both and --channel words exclude each other"]),
        ("dog like:a@1", "pictures", "dog like:a@1", []),
        ("dog like:a@1", "words", "dog", ["like:a@1 and --channel words exclude each other"]),
        ("like:a@1", "words", "", ["like:a@1 and --channel words exclude each other"]),
        ("dog then:5s sits", "pictures", "dog then:5s sits", []),
        ("dog then:5s sits", "both", "dog then:5s sits", []),
        ("dog then:5s sits", "words", "dog", ["then and --channel words exclude each other"]),
        ("dog then", "words", "dog", ["then needs something on both sides"]),
    ],
)
def test_the_channel_that_was_chosen_goes_before_the_query(
    text: str, channel: Channel, left: str, said: list[str]
) -> None:
    query = on_channel(parsed(text), channel, f"--channel {channel}")
    assert query.canonical == left
    assert [one.text for one in query.problems] == said
