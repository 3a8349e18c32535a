"""The query language: what a text asks for, what is wrong with it, and that no text raises."""

from __future__ import annotations

import datetime
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mediaindex.search.language.syntax import KEYS
from mediaindex.search.query import Filter, Item, Part, Problem, Query, parse
from tests.support.paths import CHECKOUT

TODAY = datetime.date(2026, 11, 29)
DAY = datetime.date


def parsed(text: str, *, caret: int | None = None) -> Query:
    return parse(text, today=TODAY, caret=caret)


def part(text: str) -> Part:
    (only,) = parsed(text).parts
    return only


def problems(text: str, *, caret: int | None = None) -> list[tuple[str, str]]:
    """What is wrong with a query: the text of each span, and what is said of it."""
    return [(text[one.start : one.end], one.text) for one in parsed(text, caret=caret).problems]


def filters(text: str) -> list[tuple[str, object]]:
    query = parsed(text)
    assert query.problems == ()
    return [(one.key, one.value) for one in query.filters]


# Words


def test_plain_words_keep_their_order_and_lose_their_blanks() -> None:
    query = parsed("  a dog\ton   the\u3000beach\n")
    assert query.parts[0].text == query.canonical == "a dog on the beach"
    assert (query.filters, query.channel, query.problems) == ((), None, ())


def test_phrases_are_read_without_their_quotation_marks() -> None:
    for typed in ('"beach  walk" dog', "“beach walk” dog", "«beach walk» dog", '"beach walk"dog'):
        assert part(typed).text == "beach walk dog"
        assert part(typed).phrases == ("beach walk",)
    assert parsed("“beach walk” dog").canonical == '"beach walk" dog'


def test_a_phrase_that_is_not_closed_ends_with_the_text() -> None:
    assert part('dog "beach walk').phrases == ("beach walk",)
    assert part("«beach walk ").phrases == ("beach walk",)


def test_quotation_marks_inside_a_phrase_of_others_and_inside_words_stay() -> None:
    assert part('“a 5" disk”').phrases == ('a 5" disk',)
    assert parsed('“a 5" disk”').canonical == '“a 5" disk”'
    assert part('a 5" disk').phrases == ()


def test_quotation_marks_take_their_meaning_from_keys_and_then() -> None:
    query = parsed('"in:box" "then" "-5"')
    assert query.parts[0].text == "in:box then -5"
    assert (len(query.parts), query.filters, query.parts[0].excluded) == (1, (), ())


def test_what_is_left_out_is_not_read_by_the_encoder() -> None:
    found = part('dog -cat on -"black  sand" beach')
    assert found.text == "dog on beach"
    assert found.excluded == ("cat", "black sand")
    assert found.phrases == ()


@pytest.mark.parametrize("text", ["well - known", "--dog", "a -", "semi-final"])
def test_a_dash_that_stands_alone_or_within_a_word_leaves_nothing_out(text: str) -> None:
    assert (part(text).text, part(text).excluded) == (text, ())


@pytest.mark.parametrize("text", ["", " ", "\n\t\u3000", '"', '""', "“", '-"', '" "'])
def test_nothing_asks_for_nothing(text: str) -> None:
    query = parsed(text)
    assert (query.parts, query.canonical, query.problems) == ((), "", ())
    assert not query.says_what


@pytest.mark.parametrize(
    "text",
    ["title: the sea", "https://a.b/c?d=e", "it: chapter two", "note:this", "12:30", "in", ":", "x^2 red*"],
)
def test_keys_that_are_unknown_are_words(text: str) -> None:
    assert (part(text).text, parsed(text).problems) == (text, ())


# Filters


def test_every_filter_has_its_value() -> None:
    assert filters('dog in:Holiday in:"~/My Films"') == [("in", "Holiday"), ("in", "~/My Films")]
    assert filters("dog after:2024-05 before:yesterday") == [
        ("after", DAY(2024, 5, 1)),
        ("before", DAY(2026, 11, 28)),
    ]
    assert filters("dog on:2024") == [("after", DAY(2024, 1, 1)), ("before", DAY(2025, 1, 1))]
    assert filters("dog longer:2m shorter:1h") == [("longer", 120), ("shorter", 3600)]
    assert filters('dog camera:"canon eos" is:online') == [("camera", "canon eos"), ("is", "online")]
    assert parsed("dog by:words").channel == "words"
    assert part("dog like:beach.mp4@19").like == Filter("like", "beach.mp4@19")


def test_keys_and_choices_may_be_typed_in_any_case() -> None:
    assert parsed("dog After:2024 BY:Words Is:online") == parsed("dog after:2024 by:words is:online")


def test_the_same_filter_twice_is_one() -> None:
    assert filters("dog in:a after:2024 in:a after:2024-01-01") == [("in", "a"), ("after", DAY(2024, 1, 1))]


def test_the_spans_of_tokens_are_those_of_their_text() -> None:
    text = 'dög -"a b" in:"c d" then:10s e'
    assert [(token.kind, text[token.start : token.end], token.value) for token in parsed(text).tokens] == [
        ("word", "dög", "dög"),
        ("phrase", '-"a b"', "a b"),
        ("filter", 'in:"c d"', "c d"),
        ("then", "then:10s", "10s"),
        ("word", "e", "e"),
    ]


# Then


def test_parts_follow_one_another() -> None:
    query = parsed("man sits then:10s stands -chair up then leaves in:home")
    assert [(one.text, one.excluded, one.within_seconds) for one in query.parts] == [
        ("man sits", (), 60),
        ("stands up", ("chair",), 10),
        ("leaves", (), 60),
    ]
    assert [one.value for one in query.filters] == ["home"]
    assert query.canonical == "man sits then:10s stands -chair up then leaves in:home"


def test_an_example_is_something_to_look_for() -> None:
    query = parsed("like:a.mp4@3 then like:b.mp4")
    assert [one.like for one in query.parts] == [Filter("like", "a.mp4@3"), Filter("like", "b.mp4")]


def test_then_in_another_case_is_a_word() -> None:
    assert part("Now and Then").text == "Now and Then"


# Problems: their text, and the item that it is about


@pytest.mark.parametrize(
    ("text", "item", "said", "left"),
    [
        (
            "dog after:2024-13 beach",
            "after:2024-13",
            "after:2024-13 is no day: write 2024-05-31, 2024-05, 2024, yesterday or 7d",
            "dog beach",
        ),
        (
            "dog on: beach",
            "on:",
            "on: is no day: write 2024-05-31, 2024-05, 2024, yesterday or 7d",
            "dog beach",
        ),
        (
            "dog longer:2x",
            "longer:2x",
            "longer:2x is no length: write 90, 90s, 2m, 1h30m or 1:30:00",
            "dog",
        ),
        (
            "dog longer:2h at shorter:1h",
            "shorter:1h",
            "longer:2h and shorter:1h exclude each other",
            "dog at longer:2h",
        ),
        (
            "dog after:2024 before:2023",
            "before:2023",
            "after:2024 and before:2023 exclude each other",
            "dog after:2024-01-01",
        ),
        ("dog on:2024 on:2023", "on:2023", "on:2024 and on:2023 exclude each other", "dog on:2024"),
        (
            "dog by:words by:pictures",
            "by:pictures",
            "by:words and by:pictures exclude each other",
            "dog by:words",
        ),
        ("like:a like:b", "like:b", "like:a and like:b exclude each other", "like:a"),
        ("-cat", "-cat", '"-cat" alone finds nothing: say what to look for', "-cat"),
        (
            " in:a -cat  by:words ",
            "in:a -cat  by:words",
            '"-cat in:a by:words" alone finds nothing: say what to look for',
            "-cat in:a by:words",
        ),
        (
            "dog by:words then sits",
            "by:words",
            "by:words and then exclude each other: pictures alone find one thing after another",
            "dog then sits",
        ),
        ("then dog", "then", "then needs something on both sides", "dog"),
        ("dog then:5s", "then:5s", "then needs something on both sides", "dog"),
        ("dog then -cat", "then", "then needs something on both sides", "dog -cat"),
        (
            "dog then:2x sits",
            "then:2x",
            "then:2x is no length: write 90, 90s, 2m, 1h30m or 1:30:00",
            "dog then sits",
        ),
        ("dog befor:2024", "befor:2024", "befor: did you mean before:?", "dog"),
        ("dog Camra:x", "Camra:x", "camra: did you mean camera:?", "dog"),
        ('dog im:"my films"', 'im:"my films"', "im: did you mean in:?", "dog"),
        (
            "dog by:sound",
            "by:sound",
            "by:sound is no channel: write by:words, by:pictures or by:both",
            "dog",
        ),
        (
            "dog is:new",
            "is:new",
            "is:new says nothing that is known: write is:online or is:marked",
            "dog",
        ),
        ("dog in:", "in:", "in: names no folder and no video", "dog"),
        ('dog in:""', 'in:""', 'in:"" names no folder and no video', "dog"),
        ("dog camera: red", "camera:", "camera: names no camera", "dog red"),
        ("dog like:", "like:", "like: names no moment: write like:PATH@SECONDS", "dog"),
        (
            "dog -in:x",
            "-in:x",
            "-in:x: a filter cannot be turned round; a minus leaves out words",
            "dog",
        ),
    ],
)
def test_a_problem_names_its_item_and_leaves_out_no_other(text: str, item: str, said: str, left: str) -> None:
    assert problems(text) == [(item, said)]
    assert parsed(text) == parsed(left)


def test_problems_stand_in_the_order_of_the_text() -> None:
    text = "then longer:x dog befor:1 after:2024-13"
    assert [item for item, _said in problems(text)] == ["then", "longer:x", "befor:1", "after:2024-13"]


def test_a_span_counts_code_points() -> None:
    assert parsed("😀é after:x").problems[0] == Problem(3, 10, parsed("after:x dog").problems[0].text)


def test_a_long_item_is_named_in_short() -> None:
    (_item, said), *_ = problems("dog after:" + "x" * 5_000)
    assert len(said) < 200


# The page

PAGE = (CHECKOUT / "docs" / "commands.md").read_text(encoding="utf-8")
LANGUAGE = PAGE.split("### The query language\n", 1)[1].split("\n## ", 1)[0]


def examples() -> list[tuple[str, str]]:
    """(item, example) of each row of the page's table."""
    return re.findall(r"^\| (.+?) \| `([^`]+)` \|", LANGUAGE, re.MULTILINE)


def test_the_page_has_an_example_of_every_item() -> None:
    items = " ".join(item for item, _example in examples())
    assert set(re.findall(r"(\w+):", items)) == set(KEYS)
    assert {"word", "phrase", "`-`", "`then`"} <= {item for item, _example in examples()}


@pytest.mark.parametrize(("item", "example"), examples())
def test_the_examples_of_the_page_can_be_read(item: str, example: str) -> None:
    assert parsed(example).problems == ()
    keys = set(re.findall(r"(\w+):", item))
    assert keys <= {token.key for token in parsed(example).tokens}


# While it is typed


@pytest.mark.parametrize(
    "text",
    [
        "dog after:", "dog after:2", "dog after:202", "dog after:2024-", "dog after:2024-0", "dog on:yest",
        "dog before:2024-05-", "dog after:7", "dog longer:", "dog longer:1:", "dog longer:1h3", "dog by:",
        "dog by:pic", "dog is:on", "dog in:", "dog camera:", "dog like:", "dog then", "dog then ",
        "dog then:", "dog then:1:",
    ],
)  # fmt: skip
def test_what_is_half_typed_at_the_caret_is_no_problem(text: str) -> None:
    assert problems(text, caret=len(text)) == []
    assert parsed(text, caret=len(text)) == parsed("dog")
    assert problems(text) != []
    assert problems("in:x " + text + " ", caret=0) != []


@pytest.mark.parametrize("text", ["dog after:2024-13", "dog longer:2x", "dog is:red", "dog befor:"])
def test_what_no_letter_can_mend_is_a_problem_at_once(text: str) -> None:
    assert len(problems(text, caret=len(text))) == 1


def test_the_last_word_is_unfinished_at_the_caret() -> None:
    assert parsed("dog bea", caret=7).unfinished
    assert parsed("dog bea in:x", caret=7).unfinished
    for text, caret in (("dog bea", None), ("dog bea ", 8), ('"dog', 4), ("dog -bea", 8), ("dog bea", 3)):
        assert not parsed(text, caret=caret).unfinished


# Properties

PIECES = st.one_of(
    st.sampled_from([*(f"{key}:" for key in KEYS), "then", "then:", "-", '"', "“", "”", "«", "»", " ", "  "]),
    st.sampled_from(
        ["2024", "2024-05", "7d", "1h30m", "1:30", "words", "online", "dog", "befor:", "\0", "^2"]
    ),
    st.text(max_size=4),
    st.sampled_from(["\udce9", "\ud800"]),
)
TEXTS = st.one_of(
    st.text(), st.lists(PIECES, max_size=12).map("".join), st.lists(PIECES, max_size=8).map(" ".join)
)


@given(text=TEXTS, caret=st.none() | st.integers(-3, 60))
def test_any_text_is_a_query_and_every_span_lies_in_it(text: str, caret: int | None) -> None:
    query = parsed(text, caret=caret)
    spans = [(one.start, one.end) for one in query.tokens] + [(one.start, one.end) for one in query.problems]
    assert all(0 <= start < end <= len(text) for start, end in spans)
    assert all(one.text.isprintable() or not text.isprintable() for one in query.problems)
    ends = [0, *(token.end for token in query.tokens)]
    gaps = [text[end : token.start] for end, token in zip(ends, query.tokens, strict=False)]
    assert not "".join(gaps).strip()
    assert [one.start for one in query.problems] == sorted(one.start for one in query.problems)


@given(text=TEXTS)
def test_the_canonical_text_asks_for_the_same_on_any_day(text: str) -> None:
    query = parsed(text)
    again = parse(query.canonical, today=datetime.date(1999, 12, 31))
    assert again == query
    assert again.canonical == query.canonical
    assert all("alone finds nothing" in one.text for one in again.problems)


@given(words=st.lists(st.from_regex(r"[a-zA-Z0-9äß犬]{1,8}", fullmatch=True), min_size=1))
def test_words_alone_are_asked_as_they_are(words: list[str]) -> None:
    words = [word for word in words if word != "then"]
    assert [item for one in parsed(" ".join(words)).parts for item in one.items] == [
        Item(word) for word in words
    ]
