"""Files that could not be read, when each is tried again, and files without a film."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from mediaindex.store.catalog import failures
from mediaindex.store.catalog.failures import LONGEST_WAIT_SECONDS, Failure
from mediaindex.store.library import Library

NOW = 1_700_000_000.0
A, B, C = Path("/videos/a.mp4"), Path("/videos/b/b.mp4"), Path("/else/c.mp4")


def waiting(path: Path, next_at: float | None = NOW) -> Failure:
    return Failure(path, "probe", "waiting", 1, next_at, "it cannot be read", 10, 20, "pyav")


def test_a_failure_comes_back_and_is_replaced_by_the_next_of_its_file(opened: Library) -> None:
    again = dataclasses.replace(waiting(A), attempts=2, state="dead", next_at=None)
    with opened.write() as connection:
        failures.set_failure(connection, waiting(A))
        assert failures.failures(connection) == {A: waiting(A)}
        failures.set_failure(connection, again)
        assert failures.failures(connection) == {A: again}
        failures.clear_failure(connection, A)
        assert failures.failures(connection) == {}


def test_failures_are_listed_by_folder(opened: Library) -> None:
    with opened.write() as connection:
        for path in (A, B, C):
            failures.set_failure(connection, waiting(path))
        assert list(failures.failures(connection)) == [A, B, C]
        assert set(failures.failures(connection, [Path("/videos"), C])) == {A, B, C}
        assert set(failures.failures(connection, [B.parent])) == {B}
        assert failures.failures(connection, []) == {}


@pytest.mark.parametrize(
    ("next_at", "due"),
    [
        (None, True),
        (NOW, True),
        (NOW - 1, True),
        (NOW + 1, False),
        (NOW + LONGEST_WAIT_SECONDS, False),
        (NOW + LONGEST_WAIT_SECONDS + 1, True),  # by a clock that was wrong
        (float("nan"), True),
    ],
)
def test_a_try_is_due_at_its_time_or_where_its_time_cannot_be(next_at: float | None, due: bool) -> None:
    assert waiting(A, next_at).is_due(NOW) is due


def test_due_files_are_listed_the_longest_overdue_first(opened: Library) -> None:
    late = NOW + LONGEST_WAIT_SECONDS + 1
    with opened.write() as connection:
        assert failures.next_due(connection) is None
        for path, next_at in ((A, NOW), (B, NOW - 5), (C, NOW + 5), (Path("/d"), late)):
            failures.set_failure(connection, waiting(path, next_at))
        dead = dataclasses.replace(waiting(Path("/dead"), NOW - 100), state="dead")
        failures.set_failure(connection, dead)
        assert failures.due_failures(connection, NOW) == [B, A, Path("/d")]
        assert failures.next_due(connection) == NOW - 5


def test_a_file_without_a_film_is_remembered_until_it_changes(opened: Library) -> None:
    with opened.write() as connection:
        failures.set_skip(connection, A, size=1, mtime_ns=2, reason="it holds sound only")
        failures.set_skip(connection, C, size=1, mtime_ns=2, reason="it holds sound only")
        failures.set_skip(connection, A, size=3, mtime_ns=4, reason="it is a picture")
        found = failures.skips(connection, [Path("/videos")])
        assert {path: (row.size, row.mtime_ns, row.reason) for path, row in found.items()} == {
            A: (3, 4, "it is a picture")
        }
        failures.clear_skip(connection, A)
        assert set(failures.skips(connection, [Path("/")])) == {C}
