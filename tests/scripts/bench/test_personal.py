"""The table of personal training: draws by video, and rows that the table is made of."""

from __future__ import annotations

import numpy as np
import pytest
from bench.personal import Subject, level_table, rows_of, table_of

from mediaindex.learn.personal.examples import Example, Stretch
from mediaindex.learn.personal.lists import Listed


@pytest.fixture(scope="module")
def subject() -> Subject:
    """Forty videos with two captions each, whose answers go by the second number."""
    random = np.random.default_rng(0)
    lists = []
    for number in range(80):
        numbers = random.standard_normal((12, 5))
        right = np.arange(12) == int(np.argmax(numbers[:, 1]))
        example = Example("caption", number, "words", (Stretch(number // 2, 0, 1),))
        lists.append(Listed(example, numbers, right, np.zeros(12, np.bool_)))
    contents = {video: f"hash of {video}" for video in range(40)}
    return Subject(lists, contents, np.array([1.0, 0.0, 0.0, 0.0, 0.0]), ())


def test_captions_are_drawn_by_video(subject: Subject) -> None:
    drawn = subject.drawn(30, seed=0)
    assert len(drawn) == 30
    assert len({next(iter(one.example.videos)) for one in drawn}) == 15
    assert [one.example.number for one in drawn] == [one.example.number for one in subject.drawn(30, seed=0)]
    assert [one.example.number for one in drawn] != [one.example.number for one in subject.drawn(30, seed=1)]


def test_the_table_says_what_is_gained(subject: Subject) -> None:
    rows = list(rows_of(subject, 60, 2, 0))
    value = {row.what: row.value for row in rows}
    assert value["60 captions, personal less shipped: MRR"] > 20
    what = "60 captions, personal less shipped: MRR"
    assert value[f"{what}, from"] < value[what] < value[f"{what}, to"]
    assert value["60 captions, personal: R@10"] <= 100
    lines = list(table_of(rows, [60]))
    assert len(lines) == 4
    assert lines[2].startswith("| 60 | instant | +")
    levels = list(level_table(rows, [60]))
    assert levels[0] == (
        "| captions | put in use | shipped taken | weights taken | last layers taken | text side taken |"
    )
    assert levels[2].endswith("| 0 % | 100 % | 0 % | 0 % |")
