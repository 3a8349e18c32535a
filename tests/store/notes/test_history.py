"""The history: what was opened, and for which query."""

from __future__ import annotations

import pytest

from mediaindex.store import forgetting
from mediaindex.store.library import Library
from mediaindex.store.notes import history
from mediaindex.store.notes.history import Asked, Pick
from tests.support.noted import A, remove_for_good


def record(library: Library, query: str, video_id: int, seconds: float = 1.0, *, at: float) -> int:
    with library.write() as connection:
        return history.record(connection, query, video_id, seconds, asked_at=at)


def picks(library: Library) -> list[Pick]:
    with library.read() as connection:
        return history.picks(connection)


def test_the_newest_pick_comes_first_and_queries_are_counted(opened: Library, two: tuple[int, int]) -> None:
    first, second = record(opened, "dog", two[0], at=10.0), record(opened, "cat", two[1], 2.0, at=20.0)
    third = record(opened, "dog", two[1], at=30.0)
    assert picks(opened) == [
        Pick(third, 30.0, "dog", two[1], 1.0),
        Pick(second, 20.0, "cat", two[1], 2.0),
        Pick(first, 10.0, "dog", two[0], 1.0),
    ]
    with opened.read() as connection:
        assert history.picks(connection, limit=1) == picks(opened)[:1]
        assert history.count(connection) == 3
        assert history.asked(connection, limit=9) == [Asked("dog", 30.0, 2), Asked("cat", 20.0, 1)]
        assert history.asked(connection, limit=1) == [Asked("dog", 30.0, 2)]


def test_a_pick_without_a_time_is_of_now(opened: Library, two: tuple[int, int]) -> None:
    with opened.write() as connection:
        history.record(connection, "caf\udce9", two[0], 0.0)
    (pick,) = picks(opened)
    assert (pick.query, pick.asked_at > 1e9) == ("caf\\udce9", True)


def test_the_history_hides_with_a_video_goes_with_it_and_can_be_cleared(
    opened: Library, two: tuple[int, int]
) -> None:
    record(opened, "dog", two[0], at=1.0)
    record(opened, "cat", two[1], at=2.0)
    with opened.write() as connection:
        forgetting.forget(connection, [A], at=1.0)
    assert [pick.query for pick in picks(opened)] == ["cat"]
    with opened.read() as connection:
        assert [one.query for one in history.asked(connection, limit=9)] == ["cat"]
    with opened.write() as connection:
        forgetting.undo(connection, [A], at=2.0)
    assert [pick.query for pick in picks(opened)] == ["cat", "dog"]
    remove_for_good(opened, A)
    assert [pick.query for pick in picks(opened)] == ["cat"]
    with opened.write() as connection:
        assert history.clear(connection) == 1
    assert picks(opened) == []


def test_the_oldest_picks_go_where_there_are_too_many(
    opened: Library, two: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(history, "KEPT", 3)
    numbers = [record(opened, "dog", two[0], at=float(number)) for number in range(5)]
    assert [pick.id for pick in picks(opened)] == numbers[:1:-1]


def test_a_pick_is_known_by_all_of_it(opened: Library, two: tuple[int, int]) -> None:
    record(opened, "dog", two[0], 1.0, at=10.0)
    with opened.read() as connection:
        assert history.is_recorded(connection, "dog", two[0], 1.0, asked_at=10.0)
        assert not history.is_recorded(connection, "dog", two[0], 1.0, asked_at=10.5)
        assert not history.is_recorded(connection, "dog", two[0], 2.0, asked_at=10.0)
        assert not history.is_recorded(connection, "cat", two[0], 1.0, asked_at=10.0)
        assert not history.is_recorded(connection, "dog", two[1], 1.0, asked_at=10.0)
