"""Following a library: what changes is found, what others ask is done, what is paused waits."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from mediaindex.ingest.writer.queue import carry_out
from mediaindex.ingest.writer.requests import request_of
from mediaindex.search.answer import Question
from mediaindex.search.searcher import Searcher
from mediaindex.store import state
from mediaindex.store.catalog import locations, sources
from mediaindex.store.catalog.schema import request as request_table
from mediaindex.store.library import Library, open_library
from mediaindex.store.maintenance.check import check
from mediaindex.store.vectors import spaces
from tests.support.commands import ENCODER, use_these_encoders
from tests.support.fake_encoder import FakeEncoder
from tests.support.films import film
from tests.support.spelling import IgnoringCase
from tests.support.watch_loop import Watching

pytestmark = pytest.mark.usefixtures("kept_decoders")


@pytest.fixture
def videos(tmp_path: Path) -> Path:
    film(tmp_path / "videos" / "red.mp4", "red")
    film(tmp_path / "videos" / "blue.mp4", "blue")
    return tmp_path / "videos"


@pytest.fixture
def opened(library: Path, videos: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Library]:
    use_these_encoders(monkeypatch)
    with open_library(library, create=True) as made:
        with made.write() as connection:
            sources.add_source(connection, videos)
        yield made


def shown(library: Library, text: str) -> list[str]:
    """Names of the files that the pictures find, those that are there."""
    with library.read() as connection:
        space = spaces.active_space(connection)
    answer = Searcher(library, space, FakeEncoder(name=ENCODER)).search(
        Question(text=text, channel="pictures")
    )
    return [Path(hit.path).name for hit in answer.hits if hit.online]


def paths(library: Library) -> set[str]:
    with library.read() as connection:
        found = locations.locations_below(connection, [Path("/")])
    return {path.name for path, place in found.items() if place.missing_since is None}


def ask(library: Library, kind: str, **arguments: Any) -> dict[str, Any]:
    """As another process does."""

    def perform(*_: Any) -> Any:
        raise AssertionError("the watcher holds the lock")

    request = request_of(kind, arguments)
    outcome = carry_out(library, request, perform=perform, progress=lambda _: None)
    assert outcome.error is None
    return outcome.result


def test_files_that_come_move_change_and_go_are_followed(opened: Library, videos: Path) -> None:
    with Watching(opened.root) as watching:
        assert shown(opened, "red")[0] == "red.mp4"
        film(videos / "new" / "green.mp4", "green")
        watching.wait_for(lambda: shown(opened, "green")[:1] == ["green.mp4"])
        (videos / "new").rename(videos / "old")
        watching.wait_for(lambda: (videos / "old" / "green.mp4") in _known(opened))
        film(videos / "red.mp4", "white")
        watching.wait_for(lambda: shown(opened, "white")[:1] == ["red.mp4"])
        (videos / "blue.mp4").unlink()
        watching.wait_for(lambda: "blue.mp4" not in paths(opened))
    decoded = sum(event["decoded"] for event in watching.events if event["event"] == "looked")
    assert decoded == 4  # the move decoded nothing
    assert check(opened).problems == []
    with opened.read() as connection:
        assert state.watch_state(connection) is None


def _known(library: Library) -> set[Path]:
    with library.read() as connection:
        found = locations.locations_below(connection, [Path("/")])
    return {path for path, place in found.items() if place.missing_since is None}


@pytest.mark.parametrize(("old", "new"), [("red.mp4", "Red.mp4"), ("trip", "Trip")])
def test_another_spelling_is_followed_and_no_second_place(
    opened: Library, videos: Path, monkeypatch: pytest.MonkeyPatch, old: str, new: str
) -> None:
    ignoring_case = IgnoringCase(monkeypatch)
    film(videos / "trip" / "green.mp4", "green")
    before = {videos / "blue.mp4", videos / "red.mp4", videos / "trip" / "green.mp4"}
    after = {Path(str(path).replace(old, new)) for path in before}
    with Watching(opened.root) as watching:
        assert _known(opened) == before
        ignoring_case.rename(videos / old, videos / new)
        watching.wait_for(lambda: watching.count("moved") == 1)
    with opened.read() as connection:
        known = locations.locations_below(connection, [videos])
    assert {path for path, place in known.items() if place.missing_since is None} == set(known) == after
    assert (watching.count("decoded"), watching.count("copies")) == (3, 0)


def test_what_others_ask_is_done_while_it_watches(opened: Library, videos: Path, tmp_path: Path) -> None:
    other = film(tmp_path / "other" / "yellow.mp4", "yellow").parent
    with Watching(opened.root) as watching:
        assert ask(opened, "index", paths=[str(other)])["indexed"] == 1
        assert ask(opened, "forget", paths=[str(videos / "red.mp4")])["forgotten"]
        assert ask(opened, "check")["problems"] == []
        # `index` made it a source, so what comes there is followed too.
        film(other / "black.mp4", "black")
        watching.wait_for(lambda: shown(opened, "black")[:1] == ["black.mp4"])
        # A rescan leaves alone what was forgotten.
        os.utime(videos / "red.mp4")
        film(videos / "white.mp4", "white")
        watching.wait_for(lambda: shown(opened, "white")[:1] == ["white.mp4"])
        assert "red.mp4" not in shown(opened, "red")


def test_a_source_added_by_another_process_is_followed(opened: Library, tmp_path: Path) -> None:
    late = film(tmp_path / "late" / "green.mp4", "green").parent
    with Watching(opened.root) as watching:
        with opened.write() as connection:
            sources.add_source(connection, late)
        watching.wait_for(lambda: shown(opened, "green")[:1] == ["green.mp4"])
        with opened.write() as connection:
            sources.remove_source(connection, late)
        watching.wait_for(lambda: watching.events[-1]["event"] == "looked")


def test_a_pause_holds_work_and_not_what_others_ask(opened: Library, videos: Path, tmp_path: Path) -> None:
    other = film(tmp_path / "other" / "yellow.mp4", "yellow").parent
    with Watching(opened.root) as watching:
        with opened.write() as connection:
            state.set_pause(connection, by="a test")
        watching.wait_for(lambda: watching.events[-1] == {"event": "paused", "reason": "paused by a test"})
        film(videos / "green.mp4", "green")
        assert ask(opened, "index", paths=[str(other)])["indexed"] == 1
        assert "green.mp4" not in paths(opened)
        with opened.write() as connection:
            state.clear_pause(connection)
        watching.wait_for(lambda: shown(opened, "green")[:1] == ["green.mp4"])


def test_a_rescan_finds_what_no_event_told(opened: Library, videos: Path, tmp_path: Path) -> None:
    """Behind a linked folder nobody watches."""
    behind = film(tmp_path / "behind" / "green.mp4", "green").parent
    (videos / "link").symlink_to(behind)
    with Watching(opened.root, rescan_seconds=0.5) as watching:
        film(behind / "white.mp4", "white")
        watching.wait_for(lambda: shown(opened, "white")[:1] == ["white.mp4"])


def test_a_copy_with_other_times_costs_no_decoding(opened: Library, videos: Path) -> None:
    with Watching(opened.root) as watching:
        shutil.copy(videos / "red.mp4", videos / "copy.mp4")
        watching.wait_for(lambda: "copy.mp4" in paths(opened))
        stamp = (videos / "blue.mp4").stat().st_mtime_ns + 3600 * 10**9
        os.utime(videos / "blue.mp4", ns=(stamp, stamp))
        watching.wait_for(lambda: watching.events[-1].get("unchanged", 0) == 1)
    decoded = sum(event["decoded"] for event in watching.events if event["event"] == "looked")
    assert decoded == 2


def test_what_a_killed_watcher_left_is_believed_by_nobody(opened: Library, videos: Path) -> None:
    """Its process id may be that of the next one, as in a container."""
    left = {
        "pid": os.getpid(),
        "since": 1.0,
        "state": "paused",
        "reason": "on battery (3 %)",
        "progress": None,
    }
    with opened.write() as connection:
        state.set_watch_state(connection, left)
        sources.note_polling(connection, {videos: "polled: long ago"})
        number = connection.execute(
            sa.insert(request_table)
            .values(kind="check", arguments={}, state="running", holder=os.getpid(), created_at=1.0)
            .returning(request_table.c.id)
        ).scalar_one()
    with Watching(opened.root) as watching:

        def is_done() -> bool:
            with opened.read() as connection:
                query = sa.select(request_table.c.state).where(request_table.c.id == number)
                return connection.execute(query).scalar() == "done"

        watching.wait_for(is_done)
        with opened.read() as connection:
            told = state.watch_state(connection)
            assert [source.polled for source in sources.all_sources(connection)] == [None]
        assert told is None or told["since"] > 1.0
