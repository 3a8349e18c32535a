"""A pause is one row that every process reads."""

from __future__ import annotations

import time

import pytest

from mediaindex.store.library import Library, open_library
from mediaindex.store.state import clear_pause, paused, set_pause


def test_a_pause_is_seen_by_others_until_it_is_cleared(opened: Library) -> None:
    before = time.time()
    with opened.write() as connection:
        assert paused(connection) is None
        assert not clear_pause(connection)
        made = set_pause(connection, by="ann, by 'watch --pause' (pid 7)")
    assert before <= made.since <= time.time()
    assert made.until is None
    with open_library(opened.root) as other, other.write() as connection:
        assert paused(connection) == made
        assert clear_pause(connection)
    with opened.read() as connection:
        assert paused(connection) is None


def test_a_pause_ends_by_itself(opened: Library, monkeypatch: pytest.MonkeyPatch) -> None:
    now = 1000.0
    monkeypatch.setattr(time, "time", lambda: now)
    with opened.write() as connection:
        set_pause(connection, by="ann", until=1060.0)
        now = 1059.9
        assert paused(connection) is not None
        now = 1060.0
        assert paused(connection) is None
        assert not clear_pause(connection)


def test_the_last_one_to_pause_is_named(opened: Library) -> None:
    with opened.write() as connection:
        set_pause(connection, by="ann", until=time.time() + 60)
        made = set_pause(connection, by="bob")
    with opened.read() as connection:
        assert paused(connection) == made
