"""Tokens: where one ends and the next begins."""

from __future__ import annotations

import pytest

from mediaindex.search.language.lexer import tokens


def lexed(text: str) -> list[tuple[str, str, str, bool]]:
    return [(token.kind, token.key, token.value, token.negated) for token in tokens(text)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("dog", [("word", "", "dog", False)]),
        ("-dog", [("word", "", "dog", True)]),
        ("--dog", [("word", "", "--dog", False)]),
        ("-", [("word", "", "-", False)]),
        ('"a b"c', [("phrase", "", "a b", False), ("word", "", "c", False)]),
        ('-"a b', [("phrase", "", "a b", True)]),
        ("«a» “b”", [("phrase", "", "a", False), ("phrase", "", "b", False)]),
        ('in:"a b"c', [("filter", "in", "a b", False), ("word", "", "c", False)]),
        ("IN:a,b", [("filter", "in", "a,b", False)]),
        ("in:", [("filter", "in", "", False)]),
        ("-in:a", [("filter", "in", "a", True)]),
        ("-title:a", [("word", "", "title:a", True)]),
        ("befor:a", [("filter", "befor", "a", False)]),
        ("-befor:a", [("word", "", "befor:a", True)]),
        ('title:"a b"', [("word", "", 'title:"a', False), ("word", "", 'b"', False)]),
        ("then", [("then", "", "", False)]),
        ("then:5s", [("then", "then", "5s", False)]),
        ("-then", [("word", "", "then", True)]),
        ("then,", [("word", "", "then,", False)]),
        ("a\u3000b\x1fc", [("word", "", letter, False) for letter in "abc"]),
        (" \n", []),
    ],
)
def test_items(text: str, expected: list[tuple[str, str, str, bool]]) -> None:
    assert lexed(text) == expected


def test_the_value_is_found_where_it_stands() -> None:
    text = 'a -b -"c d" in:e in:"f g'
    assert [text[token.value_start :][: len(token.value)] for token in tokens(text)] == [
        "a",
        "b",
        "c d",
        "e",
        "f g",
    ]
