"""Effects on the rows of one path."""

from __future__ import annotations

from pathlib import Path

import pytest

from mediaindex.errors import MediaError
from mediaindex.ingest.reconcile.decision import Effect
from mediaindex.ingest.reconcile.location_effects import (
    ClearNotes,
    ClearSkip,
    MoveLocation,
    NoteFailure,
    NoteMissing,
    NoteSkip,
    PlaceCopy,
    UpdateLocation,
)
from mediaindex.ingest.reconcile.retry_policy import failure_after
from mediaindex.media import FileEvent
from mediaindex.store.catalog import failures, fulltext, locations
from mediaindex.store.catalog.locations import Location
from mediaindex.store.library import Library
from tests.support.reconciling import event, learn, written


def write(library: Library, *effects: Effect) -> None:
    with library.write() as connection:
        for effect in effects:
            assert effect.apply(connection) is None


def place(library: Library, path: Path) -> Location | None:
    with library.read() as connection:
        return locations.location_at(connection, path)


def known(library: Library, path: Path) -> Location:
    found = place(library, path)
    assert found is not None
    return found


def notes(library: Library, path: Path) -> tuple[bool, bool]:
    """Whether a failure, and whether a skip is noted against a path."""
    with library.read() as connection:
        return path in failures.failures(connection), path in failures.skips(connection, [path])


@pytest.fixture
def path(tmp_path: Path, opened: Library) -> Path:
    """A file that the library knows."""
    file = written(tmp_path / "a.mp4", b"a")
    learn(opened, file)
    return file


def failing(path: Path) -> NoteFailure:
    return NoteFailure(failure_after(MediaError("damaged"), FileEvent(path, 1, 1), None))


def move(library: Library, path: Path, new: Path, *, automatic: bool = False) -> MoveLocation:
    location = known(library, path)
    assert location.content is not None
    path.rename(new)
    return MoveLocation(location, event(new), location.content, location.volume_id, new.parent, automatic)


def test_a_location_changes_only_where_its_file_still_is(opened: Library, path: Path) -> None:
    stale = known(opened, path)
    new = path.with_name("b.mp4")
    write(opened, UpdateLocation(stale, {"mtime_ns": 1}))
    assert known(opened, path).mtime_ns == 1
    write(opened, move(opened, path, new), UpdateLocation(stale, {"missing_since": 5.0}))
    assert known(opened, new).missing_since is None


def test_a_skip_takes_the_place_of_a_failure_and_both_are_cleared(opened: Library, path: Path) -> None:
    write(opened, failing(path))
    assert notes(opened, path) == (True, False)
    write(opened, NoteSkip(event(path), "no film"))
    assert notes(opened, path) == (False, True)
    write(opened, failing(path), ClearSkip(path))
    assert notes(opened, path) == (True, False)
    write(opened, NoteSkip(event(path), "no film"), failing(path), ClearNotes(path))
    assert notes(opened, path) == (False, False)


def test_what_is_missing_keeps_the_time_since_which_it_is(opened: Library, path: Path) -> None:
    write(opened, NoteMissing(path, 5.0), NoteMissing(path, 9.0))
    assert known(opened, path).missing_since == 5.0
    write(opened, NoteMissing(path.with_name("unknown.mp4"), 5.0))


def test_a_moved_content_keeps_its_row_and_gets_the_words_of_its_path(opened: Library, path: Path) -> None:
    number = known(opened, path).id
    new = path.with_name("meadow.mp4")
    write(opened, move(opened, path, new))
    assert place(opened, path) is None
    assert (known(opened, new).id, known(opened, new).confirmed) == (number, False)
    with opened.read() as connection:
        assert len(fulltext.find(connection, "meadow").hits) == 1


@pytest.mark.parametrize(
    ("automatic", "is_replacing", "stays_hidden"),
    [(True, False, True), (True, True, False), (False, False, False), (False, True, False)],
)
def test_a_forgotten_content_stays_hidden_where_the_watcher_finds_it(
    opened: Library, path: Path, automatic: bool, is_replacing: bool, stays_hidden: bool
) -> None:
    write(opened, UpdateLocation(known(opened, path), {"forgotten_at": 5.0}))
    new = path.with_name("b.mp4")
    if is_replacing:
        learn(opened, written(new, b"b"))
    write(opened, move(opened, path, new, automatic=automatic))
    assert (known(opened, new).forgotten_at is not None) == stays_hidden


def test_a_copy_of_a_shown_content_is_shown_and_to_be_confirmed(opened: Library, path: Path) -> None:
    original = known(opened, path)
    assert original.content is not None
    copy = written(path.with_name("b.mp4"), path.read_bytes())
    write(opened, PlaceCopy(event(copy), original.content, original.volume_id, copy.parent))
    assert (known(opened, copy).content, known(opened, copy).confirmed) == (original.content, False)
