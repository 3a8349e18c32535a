"""The values of a query: what is equal, and how they are written."""

from __future__ import annotations

import datetime

import pytest

from mediaindex.search.language.syntax import Filter, Item, Part, Query, bare_or_quoted, quoted, shown


def test_two_queries_are_equal_where_they_ask_for_the_same() -> None:
    assert Item("dog", start=0, end=3) == Item("dog", start=4, end=7)
    assert Item("dog") != Item("dog", is_phrase=True) != Item("dog", is_negated=True)
    assert Filter("in", "a", "in:a", 0, 4) == Filter("in", "a")
    assert Query((Part((Item("dog"),)),), unfinished=True) == Query((Part((Item("dog"),)),))


def test_each_is_written_as_it_is_typed() -> None:
    assert str(Filter("after", datetime.date(2024, 5, 1))) == "after:2024-05-01"
    assert str(Filter("longer", 5400)) == "longer:1h30m"
    assert str(Filter("in", "a b")) == 'in:"a b"'
    part = Part((Item("dog"), Item("a b", is_phrase=True), Item("c", is_negated=True)), Filter("like", "d@1"))
    assert str(part) == 'dog "a b" -c like:d@1'
    assert (
        Query((part, Part((Item("e"),), within_seconds=5)), (), "words").canonical
        == f"{part} then:5s e by:words"
    )


def test_a_part_says_what_to_look_for_or_not() -> None:
    assert Part((Item("dog"),)).says_what
    assert Part(like=Filter("like", "a")).says_what
    assert not Part((Item("dog", is_negated=True),)).says_what
    assert not Query((Part((Item("dog", is_negated=True),)),)).says_what


def test_quotation_marks_are_those_that_the_text_does_not_hold() -> None:
    assert [quoted(text) for text in ("a", 'a"', 'a"”')] == ['"a"', '“a"”', '«a"”»']
    with pytest.raises(ValueError, match="every closing"):
        quoted('"”»')
    assert [bare_or_quoted(text) for text in ("a", "a b", '"a', 'a"b')] == ["a", '"a b"', '“"a”', 'a"b']


def test_what_is_shown_of_an_item_is_short() -> None:
    assert shown("a" * 80) == "a" * 80
    assert shown("a" * 81) == "a" * 79 + "…"
