"""Filters: which of two leaves less, and which leave nothing together."""

from __future__ import annotations

import datetime

import pytest

from mediaindex.search.language.filters import first_excluding, read_filter, stricter
from mediaindex.search.language.lexer import tokens
from mediaindex.search.language.syntax import Filter, Problem

TODAY = datetime.date(2026, 11, 29)
EARLY, LATE = datetime.date(2024, 1, 1), datetime.date(2024, 6, 1)


def read(typed: str, *, at_caret: bool = False) -> tuple[Filter, ...] | Problem:
    (token,) = tokens(typed)
    return read_filter(token, typed, TODAY, at_caret=at_caret)


def test_a_filter_knows_where_and_how_it_was_typed() -> None:
    found = read("on:2024-05")
    assert isinstance(found, tuple)
    assert [(one.key, one.typed, one.start, one.end) for one in found] == [
        ("after", "on:2024-05", 0, 10),
        ("before", "on:2024-05", 0, 10),
    ]


def test_what_is_half_typed_is_no_filter_yet() -> None:
    assert read("after:20", at_caret=True) == ()
    assert isinstance(read("after:20"), Problem)


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        (Filter("after", EARLY), Filter("after", LATE), LATE),
        (Filter("before", EARLY), Filter("before", LATE), EARLY),
        (Filter("longer", 1), Filter("longer", 2), 2),
        (Filter("shorter", 1), Filter("shorter", 2), 1),
        (Filter("by", "words"), Filter("by", "words"), "words"),
    ],
)
def test_the_stricter_of_two(one: Filter, other: Filter, expected: object) -> None:
    assert stricter(one, other).value == expected
    assert stricter(other, one).value == expected


@pytest.mark.parametrize(
    ("one", "other", "excluded"),
    [
        (Filter("after", LATE), Filter("before", EARLY), True),
        (Filter("after", EARLY), Filter("before", EARLY), True),
        (Filter("after", EARLY), Filter("before", LATE), False),
        (Filter("longer", 5), Filter("shorter", 4), True),
        (Filter("longer", 5), Filter("shorter", 5), False),
        (Filter("by", "words"), Filter("by", "pictures"), True),
        (Filter("like", "a"), Filter("by", "words"), True),
        (Filter("like", "a"), Filter("by", "pictures"), False),
        (Filter("in", "a"), Filter("in", "b"), False),
        (Filter("camera", "a"), Filter("camera", "b"), False),
    ],
)
def test_what_leaves_nothing_together(one: Filter, other: Filter, excluded: bool) -> None:
    assert (first_excluding([one], [other]) == other) is excluded
    assert (first_excluding([other], [one]) == one) is excluded
