"""A content is decoded once, however many files hold it."""

from __future__ import annotations

from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from mediaindex.ingest.reconcile.decision import DecodeTask
from mediaindex.ingest.reconcile.in_flight import InFlight
from mediaindex.media import FileEvent


def task(name: str, content: int) -> DecodeTask:
    return DecodeTask(FileEvent(Path("/", name), content, 0), str(content), 1, Path("/"))


@given(contents=st.lists(st.integers(0, 3)))
def test_the_first_file_of_a_content_is_decoded_and_the_others_wait_for_it(contents: list[int]) -> None:
    in_flight = InFlight()
    tasks = [task(str(number), content) for number, content in enumerate(contents)]
    firsts = [one for one in tasks if in_flight.join(one)]
    assert len(firsts) == len(in_flight) == len(set(contents))
    settled = [in_flight.settle(first) for first in firsts]
    assert [alike[0] for alike in settled] == firsts
    assert sorted(one.event.path for alike in settled for one in alike) == sorted(t.event.path for t in tasks)
    assert len(in_flight) == 0


def test_a_task_that_never_joined_settles_alone() -> None:
    in_flight = InFlight()
    assert task("a", 1).content_key not in in_flight
    assert in_flight.settle(task("a", 1)) == (task("a", 1),)


def test_a_content_can_be_decoded_again_once_it_is_settled() -> None:
    in_flight = InFlight()
    assert in_flight.join(task("a", 1))
    assert task("b", 1).content_key in in_flight
    in_flight.settle(task("a", 1))
    assert in_flight.join(task("b", 1))
