"""The numbers of a hit of the words."""

from __future__ import annotations

import math

import pytest

from mediaindex.search.confidence.word_numbers import NAMES, word_numbers
from mediaindex.store.catalog.fulltext import WordHit


def hit(video: int, coverage: float, relevance: float, *terms: str) -> WordHit:
    found = tuple((term, "title") for term in terms)
    return WordHit(video, None, None, found, coverage=coverage, relevance=relevance)


def test_how_much_stands_there_and_where_else_as_much() -> None:
    best, other = hit(1, 1.0, 8.0, "red", "dog"), hit(2, 1.0, 6.0, "red", "dog")
    rows = word_numbers([best, other, hit(3, 0.5, 9.0, "red")])
    first, second, third = (dict(zip(NAMES, row, strict=True)) for row in rows)
    assert first == {
        "coverage": 1.0,
        "log_terms": pytest.approx(math.log(3)),
        "log_rivals": pytest.approx(math.log(2)),
        "lead": pytest.approx(0.25),
    }
    assert second["lead"] == pytest.approx(-0.25)
    assert third["log_rivals"] == pytest.approx(math.log(3))


def test_a_hit_alone_has_no_rival_and_its_own_video_is_none() -> None:
    alone, again = hit(1, 1.0, 8.0, "red"), hit(1, 1.0, 4.0, "red")
    for row in word_numbers([alone, again]):
        assert row[2:] == [0.0, 1.0]
    assert word_numbers([]) == []
