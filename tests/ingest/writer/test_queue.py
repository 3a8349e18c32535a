"""Requests: what the holder of the lock does for others, and what happens when it dies."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
import textwrap
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from mediaindex.errors import NoSpace, UsageError, WriterBusy
from mediaindex.ingest.writer import queue
from mediaindex.ingest.writer.requests import (
    ForgetRequest,
    IndexRequest,
    Json,
    Outcome,
    Request,
    UseRequest,
    arguments_of,
)
from mediaindex.store.catalog.schema import request
from mediaindex.store.library import Library, open_library
from tests.support.faults import statements_failing
from tests.support.processes import start
from tests.support.waiting import WAIT_SECONDS

INDEX = IndexRequest((Path("/videos"),))
REFUSED = UseRequest("nothing")


class Recorder:
    """A writer that notes what it was asked."""

    def __init__(self) -> None:
        self.done: list[Request] = []

    def __call__(self, request: Request, progress: Callable[[Json], None]) -> Outcome:
        progress({"stage": request.kind, "done": 1, "total": 2})
        if request == REFUSED:
            raise UsageError("that cannot be done; do something else")
        self.done.append(request)
        return Outcome({"echo": arguments_of(request)}, 0)


def silent(_: Json) -> None:
    pass


def states(library: Library) -> list[str]:
    with library.read() as connection:
        return list(connection.execute(sa.select(request.c.state).order_by(request.c.id)).scalars())


def test_with_the_lock_free_the_work_is_done_here(opened: Library) -> None:
    perform, told = Recorder(), list[Json]()
    outcome = queue.carry_out(opened, INDEX, perform=perform, progress=told.append)
    assert outcome == Outcome({"echo": arguments_of(INDEX)}, 0)
    assert told == [{"stage": "index", "done": 1, "total": 2}]
    assert states(opened) == []


def test_a_lock_of_the_database_is_not_taken_for_a_writer(opened: Library) -> None:
    """Else the request would be queued, and the asker would wait for itself."""
    error = sqlite3.OperationalError("database is locked")
    with statements_failing(error, of="SELECT request", times=1), pytest.raises(WriterBusy, match="locked"):
        queue.carry_out(opened, INDEX, perform=Recorder(), progress=silent)
    assert states(opened) == []


def test_a_users_error_is_an_outcome_with_its_exit_code(opened: Library) -> None:
    outcome = queue.carry_out(opened, REFUSED, perform=Recorder(), progress=silent)
    assert (outcome.exit_code, outcome.error) == (2, "that cannot be done; do something else")


def test_no_wait_queues_nothing(opened: Library) -> None:
    with opened.lock(), pytest.raises(WriterBusy):
        queue.carry_out(opened, INDEX, perform=Recorder(), progress=silent, wait=False)
    assert states(opened) == []


def test_the_holder_carries_out_what_another_asks_and_the_asker_sees_it(opened: Library) -> None:
    holder, asker, told = Recorder(), Recorder(), list[Json]()
    answered: list[Outcome] = []

    def ask() -> None:
        with open_library(opened.root) as mine:
            answered.append(queue.carry_out(mine, INDEX, perform=asker, progress=told.append))

    with opened.lock():
        thread = threading.Thread(target=ask, daemon=True)
        thread.start()
        while not queue.waiting(opened):
            thread.join(0.02)
        assert queue.serve(opened, holder) == 1
        thread.join(WAIT_SECONDS)
    assert answered == [Outcome({"echo": arguments_of(INDEX)}, 0)]
    assert holder.done == [INDEX]
    assert asker.done == []
    assert told == [{"stage": "index", "done": 1, "total": 2}]


def test_a_refused_request_comes_back_to_the_asker(opened: Library) -> None:
    with opened.lock():
        number = queue.submit(opened, REFUSED)
        queue.serve(opened, Recorder())
    outcome = queue._follow(opened, number, Recorder(), silent)
    assert (outcome.exit_code, outcome.error) == (2, "that cannot be done; do something else")


def test_a_request_is_put_without_waiting_and_tells_how_far_it_is(opened: Library) -> None:
    during: list[queue.Told] = []

    def perform(request: Request, progress: Callable[[Json], None]) -> Outcome:
        progress({"stage": request.kind, "done": 1, "total": 2})
        during.append(queue.told(opened, number))
        return Outcome({"indexed": 1}, 0)

    number = queue.submit(opened, INDEX)
    assert queue.told(opened, number) == queue.Told("queued")
    with opened.lock():
        queue.serve(opened, perform)
    assert during == [queue.Told("running", {"stage": "index", "done": 1, "total": 2})]
    ended = queue.told(opened, number)
    assert (ended.state, ended.outcome) == ("done", Outcome({"indexed": 1}, 0))


def test_a_request_that_failed_tells_why_and_one_that_is_not_there_is_no_outcome(opened: Library) -> None:
    number = queue.submit(opened, REFUSED)
    with opened.lock():
        queue.serve(opened, Recorder())
    assert queue.told(opened, number).outcome == Outcome({}, 2, "that cannot be done; do something else")
    with pytest.raises(LookupError, match="no request 99"):
        queue.told(opened, 99)


def test_an_asker_whose_holder_is_gone_does_it_itself_older_requests_first(opened: Library) -> None:
    perform, older = Recorder(), ForgetRequest((Path("/videos"),))
    queue.submit(opened, older)
    number = queue.submit(opened, INDEX)
    outcome = queue._follow(opened, number, perform, silent)
    assert outcome.exit_code == 0
    assert perform.done == [older, INDEX]
    assert states(opened) == ["done", "done"]


def test_a_request_of_a_killed_holder_is_begun_again(opened: Library) -> None:
    queue.submit(opened, INDEX)
    code = textwrap.dedent(f"""
        import pathlib, sys
        from mediaindex.ingest.writer import queue
        from mediaindex.store.library import open_library
        library = open_library(pathlib.Path({str(opened.root)!r}))
        def perform(request, progress):
            print("begun", flush=True)
            sys.stdin.read()
        with library.lock():
            queue.serve(library, perform)
    """)
    process = start([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert process.stdout is not None
    assert process.stdout.readline() == "begun\n"
    assert states(opened) == ["running"]
    process.kill()
    process.wait()
    perform = Recorder()
    with opened.lock():
        assert queue.serve(opened, perform) == 1
    assert perform.done == [INDEX]


def left_running(library: Library, *, holder: int) -> int:
    """A request as a killed holder leaves it."""
    number = queue.submit(library, INDEX)
    with library.write() as connection:
        left = sa.update(request).where(request.c.id == number)
        connection.execute(left.values(state="running", holder=holder, progress={"stage": "index"}))
    return number


@pytest.mark.parametrize("holder", [os.getpid(), 1, 2**22], ids=["our own", "a container's", "another"])
def test_the_process_id_of_a_dead_holder_proves_nothing(opened: Library, holder: int) -> None:
    """In a container every holder has the same."""
    left_running(opened, holder=holder)
    assert queue.waiting(opened)
    perform = Recorder()
    with opened.lock():
        assert queue.serve(opened, perform) == 1
    assert perform.done == [INDEX]
    assert states(opened) == ["done"]
    assert not queue.waiting(opened)


def test_an_asker_whose_holder_died_with_our_process_id_does_it_itself(opened: Library) -> None:
    number = left_running(opened, holder=os.getpid())
    perform = Recorder()
    assert queue._follow(opened, number, perform, silent).exit_code == 0
    assert perform.done == [INDEX]


def test_a_request_within_a_request_is_not_begun_twice(opened: Library) -> None:
    queue.submit(opened, INDEX)
    begun: list[Request] = []

    def perform(asked: Request, progress: Callable[[Json], None]) -> Outcome:
        begun.append(asked)
        if asked == INDEX:
            queue.submit(opened, ForgetRequest((Path("/videos"),), at=1.0))
        assert queue.waiting(opened) == (asked == INDEX)
        queue.serve(opened, perform)
        return Outcome({}, 0)

    with opened.lock():
        queue.serve(opened, perform)
    assert [asked.kind for asked in begun] == ["index", "forget"]
    assert states(opened) == ["done", "done"]


def test_a_request_whose_outcome_could_not_be_written_is_begun_again(
    opened: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    queue.submit(opened, INDEX)
    perform, write = Recorder(), queue._set

    def full(library: Library, number: int, **values: Any) -> None:
        if values["state"] == "done":
            raise NoSpace("the disk is full")
        write(library, number, **values)

    with opened.lock():
        with monkeypatch.context() as patch:
            patch.setattr(queue, "_set", full)
            with pytest.raises(NoSpace):
                queue.serve(opened, lambda asked, _: perform(asked, silent))
        assert states(opened) == ["running"]
        assert queue.serve(opened, perform) == 1
    assert states(opened) == ["done"]


def test_a_fault_of_ours_ends_neither_the_asker_nor_the_holder(
    opened: Library, caplog: pytest.LogCaptureFixture
) -> None:
    number = queue.submit(opened, INDEX)

    def broken(_request: Request, _progress: object) -> Outcome:
        raise RuntimeError("a fault")

    with opened.lock():
        assert queue.serve(opened, broken) == 1
    assert "Traceback" in caplog.text, "the holder goes on; its log tells where the fault is"
    outcome = queue._follow(opened, number, Recorder(), silent)
    assert (outcome.exit_code, outcome.error) == (1, "RuntimeError: a fault")
