"""Quiet time without any observer: paths are noted by hand."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mediaindex.sources.path_tree import lies_below
from mediaindex.sources.watch import debounce
from mediaindex.sources.watch.debounce import Debouncer, gathered
from tests.support.path_names import nested_paths
from tests.support.waiting import until

QUIET = 0.1


class Clock:
    """The time of the debouncer, which passes where a test says so."""

    now = 1000.0

    def monotonic(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(debounce, "time", clock)
    return clock


def settled(pending: Debouncer) -> list[str]:
    """What settles, once anything does."""
    found: list[str] = []

    def any_settles() -> bool:
        pending.sleep(QUIET)
        found.extend(pending.settled())
        return bool(found)

    until(any_settles)
    return found


def test_a_path_settles_after_the_quiet_time_and_not_before(tmp_path: Path, clock: Clock) -> None:
    pending = Debouncer(QUIET)
    pending.note(str(tmp_path))
    assert pending.settled() == []
    clock.now += 0.9 * QUIET
    assert pending.settled() == []
    assert pending.paths() == [str(tmp_path)]
    clock.now += 0.2 * QUIET
    assert pending.settled() == [str(tmp_path)]
    assert pending.paths() == pending.settled() == []


def test_the_quiet_time_passes_while_one_sleeps(tmp_path: Path) -> None:
    pending = Debouncer(QUIET)
    pending.note(str(tmp_path))
    assert pending.settled() == []
    assert settled(pending) == [str(tmp_path)]


def test_a_file_that_grows_without_an_event_is_waited_for(tmp_path: Path, clock: Clock) -> None:
    film = tmp_path / "film.mp4"
    film.write_bytes(b"1")
    pending = Debouncer(QUIET)
    pending.note(str(film))
    for _ in range(5):
        assert pending.settled() == []
        with film.open("ab") as file:
            file.write(b"more")
        clock.now += 1.1 * QUIET
    assert pending.settled() == []
    clock.now += 1.1 * QUIET
    assert pending.settled() == [str(film)]


def test_an_event_begins_the_quiet_time_anew(tmp_path: Path, clock: Clock) -> None:
    pending = Debouncer(QUIET)
    for _ in range(5):
        pending.note(str(tmp_path))
        assert pending.settled() == []
        clock.now += 0.9 * QUIET
    assert pending.settled() == []
    clock.now += 0.2 * QUIET
    assert pending.settled() == [str(tmp_path)]


def test_a_path_that_is_gone_settles_too(tmp_path: Path, clock: Clock) -> None:
    pending = Debouncer(QUIET)
    pending.note(str(tmp_path / "gone"))
    assert pending.settled() == []
    clock.now += 1.1 * QUIET
    assert pending.settled() == [str(tmp_path / "gone")]


def test_a_sleep_ends_when_it_is_woken() -> None:
    pending = Debouncer(QUIET)
    waker = threading.Thread(target=pending.wake)
    waker.start()
    pending.sleep(3600.0)  # else the time limit of the test ends it
    waker.join()


def test_a_burst_keeps_a_bounded_number_and_tells_of_every_file(clock: Clock) -> None:
    pending = Debouncer(QUIET, max_paths=1000)
    pending.tops = frozenset({"/v"})
    names = [f"/v/{n % 300}/{n}.mp4" for n in range(100_000)]
    for number, name in enumerate(names):
        pending.note(name)
        if number % 10_000 == 0:
            pending.settled()
            assert len(pending.paths()) <= 2000
    pending.settled()
    clock.now += 1.1 * QUIET
    quiet = set(pending.settled())
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
