"""Quiet time without any observer: paths are noted by hand."""

from __future__ import annotations

import os
import threading
import time
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from mediaindex.sources.path_tree import lies_below
from mediaindex.sources.watch.debounce import Debouncer, gathered
from tests.support.path_names import nested_paths

QUIET = 0.1


def settled(pending: Debouncer) -> list[str]:
    """What settles, once anything does."""
    deadline = time.monotonic() + 10
    while not (quiet := pending.settled()):
        assert time.monotonic() < deadline
        pending.sleep(1.0)
    return quiet


def test_a_path_settles_after_the_quiet_time_and_not_before(tmp_path: Path) -> None:
    pending = Debouncer(QUIET)
    pending.note(str(tmp_path))
    before = time.monotonic()
    assert pending.settled() == []
    assert pending.paths() == [str(tmp_path)]
    assert settled(pending) == [str(tmp_path)]
    assert time.monotonic() - before >= QUIET
    assert pending.paths() == pending.settled() == []


def test_a_file_that_grows_without_an_event_is_waited_for(tmp_path: Path) -> None:
    film = tmp_path / "film.mp4"
    film.write_bytes(b"1")
    pending = Debouncer(QUIET)
    pending.note(str(film))
    until = time.monotonic() + 5 * QUIET
    while time.monotonic() < until:
        assert pending.settled() == []
        with film.open("ab") as file:
            file.write(b"more")
        pending.sleep(QUIET / 2)
    assert settled(pending) == [str(film)]


def test_an_event_begins_the_quiet_time_anew(tmp_path: Path) -> None:
    pending = Debouncer(QUIET)
    until = time.monotonic() + 5 * QUIET
    while time.monotonic() < until:
        pending.note(str(tmp_path))
        assert pending.settled() == []
        pending.sleep(QUIET / 2)
    assert settled(pending) == [str(tmp_path)]


def test_a_path_that_is_gone_settles_too(tmp_path: Path) -> None:
    pending = Debouncer(QUIET)
    pending.note(str(tmp_path / "gone"))
    assert settled(pending) == [str(tmp_path / "gone")]


def test_a_sleep_ends_when_it_is_woken() -> None:
    pending = Debouncer(QUIET)
    threading.Timer(0.05, pending.wake).start()
    before = time.monotonic()
    pending.sleep(30.0)
    assert time.monotonic() - before < 10


def test_a_burst_keeps_a_bounded_number_and_tells_of_every_file() -> None:
    pending = Debouncer(QUIET, max_paths=1000)
    pending.tops = frozenset({"/v"})
    names = [f"/v/{n % 300}/{n}.mp4" for n in range(100_000)]
    for number, name in enumerate(names):
        pending.note(name)
        if number % 10_000 == 0:
            pending.settled()
            assert len(pending.paths()) <= 2000
    quiet = set(settled(pending))
    assert len(quiet) <= 1000
    assert all(quiet & {name, os.path.dirname(name), "/v"} for name in names)


def test_a_crowded_folder_gives_way_before_a_lone_file() -> None:
    crowd = {f"/v/crowd/{n}" for n in range(100)}
    assert gathered(crowd | {"/v/lone/x"}, {"/v"}, 50) == {"/v/crowd", "/v/lone/x"}
    small = {f"/v/{folder}/{n}" for folder in range(20) for n in range(10)}
    assert gathered(small | {"/v/lone/x"}, {"/v"}, 50) == {f"/v/{n}" for n in range(20)} | {"/v/lone/x"}
    assert gathered({f"/v/{n}/x" for n in range(100)}, {"/v"}, 50) == {"/v"}


def test_nothing_is_gathered_above_a_top() -> None:
    tops = {f"/v/{n}" for n in range(100)}
    assert gathered(tops, tops, 10) == tops


@given(st.sets(nested_paths), st.integers(0, 10))
def test_gathering_loses_nothing(found: set[str], wanted: int) -> None:
    kept = gathered(found, {"/a"}, wanted)
    assert all(any(lies_below(path, holder) for holder in kept) for path in found)
    assert len(kept) <= max(wanted, 2)
    assert all(os.path.isabs(path) for path in kept)
