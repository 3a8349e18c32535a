"""The state of `watch` as other processes read it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from mediaindex.background.published_state import INTERVAL_SECONDS, PublishedState
from mediaindex.background.sd_notify import Notifier
from mediaindex.store.catalog import sources
from mediaindex.store.library import Library, open_library
from mediaindex.store.state import watch_state

ROOT = Path("/videos")


class Clock:
    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


@pytest.fixture
def clock() -> Clock:
    return Clock()


def state_of(library: Library) -> dict[str, object] | None:
    with library.read() as connection:
        return watch_state(connection)


def test_the_state_is_written_every_ten_seconds_and_when_a_pause_begins_or_ends(
    library: Path, clock: Clock
) -> None:
    with open_library(library, create=True) as opened:
        state = PublishedState(opened, Notifier({}), clock=clock)

        def published(*, is_working: bool) -> tuple[object, object, object]:
            state.publish(is_working=is_working, observed={})
            row = state_of(opened)
            assert row is not None
            assert row["pid"] == os.getpid()
            return row["state"], row["reason"], row["progress"]

        assert published(is_working=False) == ("waiting", None, None)
        state.progress = {"stage": "indexing"}
        assert published(is_working=True) == ("waiting", None, None), "it is too early"
        clock.seconds += INTERVAL_SECONDS
        assert published(is_working=True) == ("working", None, {"stage": "indexing"})
        state.pause_reason = "on battery (50 %)"
        assert published(is_working=True) == ("paused", "on battery (50 %)", {"stage": "indexing"})
        state.pause_reason = None
        assert published(is_working=False) == ("waiting", None, None)


def test_the_end_removes_the_row_and_the_notes_of_polling(library: Path, clock: Clock) -> None:
    with open_library(library, create=True) as opened:
        with opened.write() as connection:
            sources.add_source(connection, ROOT)
        state = PublishedState(opened, Notifier({}), clock=clock)
        state.publish(is_working=False, observed={ROOT: "it is a network share"})
        with opened.read() as connection:
            assert [source.polled for source in sources.all_sources(connection)] == ["it is a network share"]
        state.clear({ROOT: "it is a network share"})
        assert state_of(opened) is None
        with opened.read() as connection:
            assert [source.polled for source in sources.all_sources(connection)] == [None]
