"""The recorder: the result of reading a file becomes effects to be written, and counts for the report.

The frames of a recorded video lie on disk; it is embedded, and can then be found, later.
"""

from __future__ import annotations

import os
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from mediaindex.ingest.file_effects import RecordDecoded, RecordFirstLook, RecordHeaders
from mediaindex.ingest.pools.file_reading import BrokenFile, DecodedFile, FileResult, ProbedFile, RefusedFile
from mediaindex.ingest.reconcile.decision import DecodeTask, Effect
from mediaindex.ingest.reconcile.location_effects import ClearSkip, NoteFailure, NoteMissing, NoteSkip
from mediaindex.ingest.reconcile.retry_policy import failure_after
from mediaindex.media import FileEvent
from mediaindex.store.catalog.failures import Failure


@dataclass(frozen=True, slots=True)
class FileOutcome:
    """What the recorder answers about one result.

    Attributes:
        effects: to be written, in this order and in one transaction.
        finished: paths that need not be read any more in this pass.
        requeued: files that waited for this one, which turned out not to be like them: they are decided
            on again.
        copies: number of further places of the content.
        skipped: files without a film, with the reason.
        failed: files that could not be read; those that are gone meanwhile too.
    """

    effects: tuple[Effect, ...]
    finished: tuple[Path, ...] = ()
    requeued: tuple[FileEvent, ...] = ()
    copies: int = 0
    skipped: tuple[tuple[Path, str], ...] = ()
    failed: tuple[Failure, ...] = ()


def outcome_of(
    result: FileResult, alike: Sequence[DecodeTask], *, sampling: str, failures: Mapping[Path, Failure]
) -> FileOutcome:
    """Answer a result with its effects and counts.

    Args:
        alike: the task of the result, then those of files that looked the same and waited for it.
        sampling: the policy by which frames were sampled, as the catalog records it.
        failures: the failures that were known when the pass began.
    """
    match result:
        case ProbedFile():
            return FileOutcome((RecordHeaders(result),))
        case DecodedFile() if result.is_first_look:
            return FileOutcome((RecordFirstLook(result, sampling),))
        case DecodedFile():
            return _decoded(result, alike, sampling)
        case RefusedFile():
            return _refused(result, alike)
        case BrokenFile():
            return _broken(result, alike, failures)


def current_event(event: FileEvent) -> FileEvent | None:
    """The file at the path of an event as it is now; None where it is gone or cannot be seen."""
    try:
        return FileEvent.of(event.path, event.path.stat())
    except OSError:
        return None


def _decoded(file: DecodedFile, alike: Sequence[DecodeTask], sampling: str) -> FileOutcome:
    # A copy that has changed meanwhile is left to the next pass.
    copies = tuple(task for task in alike[1:] if current_event(task.event) == task.event)
    effects = (RecordDecoded(file, sampling, copies),)
    return FileOutcome(effects, finished=_paths(alike), copies=len(copies))


def _refused(file: RefusedFile, alike: Sequence[DecodeTask]) -> FileOutcome:
    same, requeued = _split_alike(file.task, alike)
    now = time.time()
    effects: list[Effect] = []
    for task in same:
        effects += (NoteSkip(task.event, file.reason), NoteMissing(task.event.path, now))
    skipped = tuple((path, file.reason) for path in _paths(same))
    return FileOutcome(tuple(effects), _paths(same), requeued, skipped=skipped)


def _broken(
    file: BrokenFile, alike: Sequence[DecodeTask], known_failures: Mapping[Path, Failure]
) -> FileOutcome:
    same, requeued = _split_alike(file.task, alike)
    effects: list[Effect] = []
    failed = []
    for task in same:
        event = task.event
        before = known_failures.get(event.path)
        if before is not None and (before.size, before.mtime_ns) != (event.size, event.mtime_ns):
            before = None
        failure = failure_after(file.error, event, before)
        if os.path.lexists(event.path):  # a file that vanished while it was read is not retried
            effects.append(NoteFailure(failure))
        effects.append(ClearSkip(event.path))
        if failure.state == "dead":
            effects.append(NoteMissing(event.path, time.time()))
        failed.append(failure)
    return FileOutcome(tuple(effects), _paths(same), requeued, failed=tuple(failed))


def _split_alike(
    task: DecodeTask, alike: Sequence[DecodeTask]
) -> tuple[tuple[DecodeTask, ...], tuple[FileEvent, ...]]:
    """The files to which the result of one applies, and those to be requeued.

    They looked the same; where the one that was read has changed meanwhile, its result applies to it alone.
    """
    if current_event(task.event) == task.event:
        return tuple(alike), ()
    return (task,), tuple(other.event for other in alike[1:])


def _paths(tasks: Sequence[DecodeTask]) -> tuple[Path, ...]:
    return tuple(task.event.path for task in tasks)
