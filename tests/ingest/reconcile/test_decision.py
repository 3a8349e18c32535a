"""Decisions are values: the same file is decided on in the same way again, and nothing is written."""

from __future__ import annotations

import dataclasses
import os
import shutil
from pathlib import Path

import pytest
import sqlalchemy as sa

from mediaindex.errors import ProbeError
from mediaindex.ingest.reconcile.decision import DecodeTask
from mediaindex.ingest.reconcile.location_effects import ClearNotes, MoveLocation, PlaceCopy, UpdateLocation
from mediaindex.ingest.reconcile.reconciler import Reconciler
from mediaindex.ingest.reconcile.retry_policy import failure_after
from mediaindex.media import FileEvent
from mediaindex.store.catalog import failures
from mediaindex.store.catalog.schema import failure, location, skipped
from mediaindex.store.library import Library
from tests.support.reconciling import DECODER, event, learn, written


@pytest.fixture
def path(tmp_path: Path, opened: Library) -> Path:
    """A file that the library knows."""
    file = written(tmp_path / "videos" / "a.mp4", b"a")
    learn(opened, file)
    return file


def rows(library: Library) -> list[object]:
    with library.read() as connection:
        tables = (location, failure, skipped)
        return [tuple(row) for table in tables for row in connection.execute(sa.select(table))]


def decisions(library: Library, path: Path) -> tuple[str, tuple[type, ...]]:
    """Kind and effects of what is decided on a file, twice; the catalog stays as it is."""
    before = rows(library)
    reconciler = Reconciler(library, [path.parent], decoder=DECODER)
    seen = []
    for _ in range(2):
        decision = reconciler.decide_by_stat(event(path))
        if decision.kind == "examine":
            decision = reconciler.decide_by_content(event(path), {})
        seen.append(decision)
    assert seen[0] == seen[1]
    assert rows(library) == before
    assert seen[0].reason
    return seen[0].kind, tuple(type(effect) for effect in seen[0].effects)


def test_a_known_file_asks_for_nothing(opened: Library, path: Path) -> None:
    assert decisions(opened, path) == ("known", ())


def test_a_touched_file_asks_for_its_new_mtime(opened: Library, path: Path) -> None:
    os.utime(path, ns=(0, 1))
    assert decisions(opened, path) == ("known", (UpdateLocation,))


def test_a_moved_file_asks_for_its_location_to_move(opened: Library, path: Path) -> None:
    path.rename(path.with_name("b.mp4"))
    assert decisions(opened, path.with_name("b.mp4")) == ("moved", (MoveLocation, ClearNotes))


def test_a_copy_asks_for_a_further_place(opened: Library, path: Path) -> None:
    shutil.copy(path, path.with_name("b.mp4"))
    assert decisions(opened, path.with_name("b.mp4")) == ("copy", (PlaceCopy, ClearNotes))


def test_new_content_is_to_be_decoded_and_waits_for_a_file_like_it(opened: Library, path: Path) -> None:
    new = written(path.with_name("b.mp4"), b"new")
    reconciler = Reconciler(opened, [path.parent], decoder=DECODER)
    first = reconciler.decide_by_content(event(new), {})
    assert (first.kind, first.effects) == ("decode", ())
    assert first.task is not None
    again = reconciler.decide_by_content(event(new), {first.task.content_key: [first.task]})
    assert (again.kind, again.task) == ("wait", first.task)


def test_a_file_that_failed_is_left_alone_with_its_failure(opened: Library, path: Path) -> None:
    broken = written(path.with_name("b.mp4"), b"broken")
    noted = failure_after(ProbeError("damaged"), event(broken), None, decoder=DECODER)
    with opened.write() as connection:
        failures.set_failure(connection, noted)
    decision = Reconciler(opened, [path.parent], decoder=DECODER).decide_by_stat(event(broken))
    assert (decision.kind, decision.cause) == ("leave alone", "failed before")
    assert decision.failure == noted
    assert decision.reason == "damaged"


def test_a_claimed_file_is_left_alone_whatever_it_is(opened: Library, path: Path) -> None:
    reconciler = Reconciler(opened, [path.parent], decoder=DECODER, claimed=[path])
    decision = reconciler.decide_by_stat(event(path))
    assert (decision.kind, decision.cause, decision.effects) == ("leave alone", "being read", ())


def test_tasks_of_the_same_size_and_hash_have_the_same_content() -> None:
    first = DecodeTask(FileEvent(Path("/a"), 1, 2), "hash", 1, Path("/"))
    other = dataclasses.replace(first, event=FileEvent(Path("/b"), 1, 3))
    assert first.content_key == other.content_key == (1, "hash")
    assert dataclasses.replace(first, partial_hash="other").content_key != first.content_key
