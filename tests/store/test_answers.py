"""The last answers of a library."""

from __future__ import annotations

import contextlib

import pytest

from mediaindex.store import answers
from mediaindex.store.library import Library


def last(library: Library) -> tuple[str, answers.Hits] | None:
    found = answers.last(library)
    return None if found is None else (found.query, found.hits)


def test_the_last_answer_is_given_as_it_was_printed(opened: Library) -> None:
    assert last(opened) is None
    answers.remember(opened, "first", [])
    hits = [{"path": "caf\udce9.mp4", "rank": 1, "score": 0.25, "thumbnail": None}]
    answers.remember(opened, "a \udce9 query", hits)
    assert last(opened) == ("a \\udce9 query", hits)


def test_no_more_answers_are_kept_than_are_wanted(opened: Library) -> None:
    for number in range(answers.KEPT + 5):
        answers.remember(opened, f"query {number}", [])
    with opened.read() as connection:
        kept = connection.exec_driver_sql("SELECT query FROM answer ORDER BY id").scalars().all()
    assert kept == [f"query {number}" for number in range(5, answers.KEPT + 5)]


def test_beside_a_transaction_an_answer_is_kept_elsewhere_until_a_newer_one(opened: Library) -> None:
    answers.remember(opened, "first", [])
    with opened.write():
        assert answers.remember(opened, "second", [{"rank": 1}])
        assert answers.beside(opened.root).stat().st_mode & 0o777 == 0o600
    assert last(opened) == ("second", [{"rank": 1}])
    answers.remember(opened, "third", [])
    assert last(opened) == ("third", [])


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"asked_at": 1e12}'])
def test_a_file_of_another_kind_is_no_answer(content: str, opened: Library) -> None:
    answers.remember(opened, "first", [])
    answers.beside(opened.root).parent.mkdir(parents=True)
    answers.beside(opened.root).write_text(content)
    assert last(opened) == ("first", [])


@pytest.mark.parametrize("is_beside", [False, True])
def test_an_answer_says_whether_it_is_for_the_history(is_beside: bool, opened: Library) -> None:
    with opened.write() if is_beside else contextlib.nullcontext():
        answers.remember(opened, "first", [], in_history=False)
    found = answers.last(opened)
    assert found is not None
    assert (found.query, found.in_history, found.asked_at > 1e9) == ("first", False, True)
