"""The recorder's answers about files that were read, and that may have changed meanwhile."""

from __future__ import annotations

from pathlib import Path

import pytest

from mediaindex.errors import DecodeError, MediaError
from mediaindex.ingest.file_effects import RecordDecoded, RecordFirstLook, RecordHeaders
from mediaindex.ingest.pools.file_reading import BrokenFile, FileResult, ProbedFile, RefusedFile
from mediaindex.ingest.reconcile.decision import DecodeTask
from mediaindex.ingest.reconcile.location_effects import ClearSkip, NoteFailure, NoteMissing, NoteSkip
from mediaindex.ingest.reconcile.retry_policy import failure_after
from mediaindex.ingest.recorder import FileOutcome, current_event, outcome_of
from mediaindex.media import MediaInfo
from mediaindex.store.library import Library
from tests.support.corridor import decoded_file, task_of

INFO = MediaInfo(2.0, 32, 32, 25.0, "h264", 0, "mov", 0)
TRANSIENT = MediaError("I/O error", transient=True)


@pytest.fixture
def tasks(opened: Library, tmp_path: Path) -> tuple[DecodeTask, ...]:
    """Three files of the same content; the first one is read."""
    found = []
    for name in ("a.mp4", "b.mp4", "c.mp4"):
        (tmp_path / name).write_bytes(b"the same")
        found.append(task_of(opened, tmp_path / name))
    return tuple(found)


def answer(result: FileResult, alike: tuple[DecodeTask, ...]) -> FileOutcome:
    return outcome_of(result, alike, sampling="sampling", failures={})


def paths(tasks: tuple[DecodeTask, ...]) -> tuple[Path, ...]:
    return tuple(task.event.path for task in tasks)


def test_headers_and_first_looks_finish_no_file(opened: Library, tasks: tuple[DecodeTask, ...]) -> None:
    probed = ProbedFile(tasks[0], INFO)
    assert answer(probed, tasks[:1]) == FileOutcome((RecordHeaders(probed),))
    look = decoded_file(opened, tasks[0], "red", first_look=True)
    assert answer(look, tasks[:1]) == FileOutcome((RecordFirstLook(look, "sampling"),))


def test_a_decoded_file_brings_its_copies_along(opened: Library, tasks: tuple[DecodeTask, ...]) -> None:
    file = decoded_file(opened, tasks[0], "red")
    outcome = answer(file, tasks)
    assert outcome.effects == (RecordDecoded(file, "sampling", tasks[1:]),)
    assert (outcome.finished, outcome.copies, outcome.requeued) == (paths(tasks), 2, ())


def missing(outcome: FileOutcome) -> list[Path]:
    return [effect.path for effect in outcome.effects if isinstance(effect, NoteMissing)]


@pytest.mark.parametrize("change", ["rewritten", "gone"])
def test_a_copy_that_changed_meanwhile_is_left_to_the_next_pass(
    opened: Library, tasks: tuple[DecodeTask, ...], change: str
) -> None:
    file, copy = decoded_file(opened, tasks[0], "red"), tasks[1].event.path
    copy.unlink() if change == "gone" else copy.write_bytes(b"something else")
    outcome = answer(file, tasks)
    assert outcome.effects == (RecordDecoded(file, "sampling", tasks[2:]),)
    assert (outcome.copies, outcome.finished) == (1, paths(tasks))


def test_a_refused_file_is_skipped_with_those_that_look_the_same(tasks: tuple[DecodeTask, ...]) -> None:
    outcome = answer(RefusedFile(tasks[0], "no film"), tasks)
    assert outcome.skipped == tuple((path, "no film") for path in paths(tasks))
    assert [effect.event for effect in outcome.effects if isinstance(effect, NoteSkip)] == [
        task.event for task in tasks
    ]
    assert missing(outcome) == list(paths(tasks))
    assert outcome.finished == paths(tasks)


@pytest.mark.parametrize("is_broken", [False, True])
def test_files_that_waited_for_one_that_changed_are_requeued(
    tasks: tuple[DecodeTask, ...], is_broken: bool
) -> None:
    tasks[0].event.path.write_bytes(b"something else by now")
    result = BrokenFile(tasks[0], TRANSIENT) if is_broken else RefusedFile(tasks[0], "no film")
    outcome = answer(result, tasks)
    assert outcome.requeued == tuple(task.event for task in tasks[1:])
    assert outcome.finished == paths(tasks[:1])
    assert [path for path, _reason in outcome.skipped] + [f.path for f in outcome.failed] == [
        *outcome.finished
    ]


def test_a_broken_file_is_noted_with_those_that_look_the_same(tasks: tuple[DecodeTask, ...]) -> None:
    outcome = answer(BrokenFile(tasks[0], TRANSIENT), tasks)
    assert [failure.path for failure in outcome.failed] == list(paths(tasks))
    assert {failure.state for failure in outcome.failed} == {"waiting"}
    assert [effect.failure for effect in outcome.effects if isinstance(effect, NoteFailure)] == [
        *outcome.failed
    ]
    assert not any(isinstance(effect, NoteMissing) for effect in outcome.effects)


def test_what_a_dead_file_held_is_missing(tasks: tuple[DecodeTask, ...]) -> None:
    outcome = answer(BrokenFile(tasks[0], DecodeError("damaged")), tasks[:1])
    assert [failure.state for failure in outcome.failed] == ["dead"]
    assert missing(outcome) == [*outcome.finished]


def test_a_broken_file_that_is_gone_is_not_to_be_tried_again(tasks: tuple[DecodeTask, ...]) -> None:
    path = tasks[0].event.path
    path.unlink()
    outcome = answer(BrokenFile(tasks[0], TRANSIENT), tasks[:1])
    assert outcome.effects == (ClearSkip(path),)
    assert [failure.path for failure in outcome.failed] == [path]


@pytest.mark.parametrize(("size", "attempts"), [(8, 2), (9, 1)])
def test_only_failures_of_the_same_bytes_count(
    tasks: tuple[DecodeTask, ...], size: int, attempts: int
) -> None:
    event = tasks[0].event
    before = failure_after(TRANSIENT, type(event)(event.path, size, event.mtime_ns), None)
    outcome = outcome_of(
        BrokenFile(tasks[0], TRANSIENT), tasks[:1], sampling="", failures={event.path: before}
    )
    assert [failure.attempts for failure in outcome.failed] == [attempts]


def test_a_file_is_seen_as_it_is_now(tmp_path: Path, tasks: tuple[DecodeTask, ...]) -> None:
    event = tasks[0].event
    assert current_event(event) == event
    event.path.write_bytes(b"longer than before")
    now = current_event(event)
    assert now is not None
    assert (now.path, now.size) == (event.path, 18)
    event.path.unlink()
    assert current_event(event) is None
