"""One pass: decisions are carried out and counted, and what can wait is written together."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from mediaindex.errors import MediaError
from mediaindex.ingest import effect_writer
from mediaindex.ingest.reconcile.retry_policy import failure_after
from mediaindex.media import CloudPlaceholder, FileEvent, UnreadablePath
from mediaindex.store.catalog import failures, locations
from mediaindex.store.library import Library
from tests.support.reconciling import DECODER, CatalogPass, event, learn, written


@pytest.fixture
def videos(tmp_path: Path, opened: Library) -> Path:
    """Three files that the library knows."""
    for name in ("a.mp4", "b.mp4", "c.mp4"):
        learn(opened, written(tmp_path / "videos" / name, name.encode()))
    return tmp_path / "videos"


def new_pass(library: Library, root: Path) -> CatalogPass:
    return CatalogPass(library, [root], decoder=DECODER)


def events(root: Path) -> list[FileEvent]:
    return [event(path) for path in sorted(root.iterdir())]


def mtimes(library: Library) -> set[int]:
    with library.read() as connection:
        return {place.mtime_ns for place in locations.locations_below(connection, [Path("/")]).values()}


def touch(root: Path) -> None:
    for path in root.iterdir():
        os.utime(path, ns=(0, 1))


def test_only_files_that_are_new_in_some_way_are_examined(opened: Library, videos: Path) -> None:
    written(videos / "d.mp4", b"new")
    run = new_pass(opened, videos).run
    assert [file.path.name for file in run.undecided(events(videos))] == ["d.mp4"]
    assert (run.report.videos, run.report.unchanged) == (4, 3)


def test_a_file_that_two_roots_hold_is_decided_on_once(opened: Library, videos: Path) -> None:
    written(videos / "d.mp4", b"new")
    run = new_pass(opened, videos).run
    assert len(run.undecided([*events(videos), *events(videos)])) == 1
    assert run.report.unchanged == 3


def test_touched_files_are_written_in_one_transaction(opened: Library, videos: Path) -> None:
    touch(videos)
    started = new_pass(opened, videos)
    for file in events(videos):
        assert started.task(file) is None
    assert 1 not in mtimes(opened)
    started.finish()
    assert mtimes(opened) == {1}


def test_so_many_touched_files_are_not_kept_waiting(
    opened: Library, videos: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(effect_writer, "ROWS_A_TRANSACTION", 3)
    touch(videos)
    started = new_pass(opened, videos)
    for file in events(videos):
        assert started.task(file) is None
    assert mtimes(opened) == {1}


def test_a_move_is_written_at_once_after_what_waited(opened: Library, videos: Path) -> None:
    touch(videos)
    (videos / "c.mp4").rename(videos / "moved.mp4")
    started = new_pass(opened, videos)
    for file in events(videos):
        started.task(file)
    with opened.read() as connection:
        assert locations.location_at(connection, videos / "c.mp4") is None
        assert locations.location_at(connection, videos / "moved.mp4") is not None
    assert mtimes(opened) == {1}
    assert started.run.report.moved == 1
    started.finish()
    assert started.run.report.offline == 0


def test_files_of_the_same_content_are_given_to_the_decoder_once(opened: Library, videos: Path) -> None:
    for name in ("d.mp4", "e.mp4"):
        written(videos / name, b"new")
    started = new_pass(opened, videos)
    tasks = [started.task(event(videos / name)) for name in ("d.mp4", "e.mp4")]
    assert [task is not None for task in tasks] == [True, False]
    assert len(started.run.in_flight) == 1


def test_what_is_gone_is_noted_and_what_is_not_there_counts_once(opened: Library, videos: Path) -> None:
    (videos / "a.mp4").unlink()
    started = new_pass(opened, videos)
    started.run.undecided(events(videos))
    assert started.run.note_absences()
    with opened.read() as connection:
        place = locations.location_at(connection, videos / "a.mp4")
    assert place is not None
    assert place.missing_since is not None
    again = new_pass(opened, videos)
    again.run.undecided(events(videos))
    assert not again.run.note_absences()


def test_the_report_counts_files_that_were_not_read_and_folders_beside_them(
    opened: Library, videos: Path
) -> None:
    for name in ("dead.mp4", "sound.mp4"):
        written(videos / name, name.encode())
    noted = event(videos / "sound.mp4")
    dead = failure_after(MediaError("damaged"), event(videos / "dead.mp4"), None, decoder=DECODER)
    with opened.write() as connection:
        failures.set_failure(connection, dead)
        failures.set_skip(connection, noted.path, size=noted.size, mtime_ns=noted.mtime_ns, reason="no film")
    run = CatalogPass(opened, [videos], decoder=DECODER, automatic=True).run
    closed = UnreadablePath(videos / "closed", "Permission denied")
    assert run.undecided([closed, *events(videos), CloudPlaceholder(videos / "cloud.mp4")]) == []
    report = run.finish_report()
    assert report.videos == 3
    assert [Path(row["path"]).name for row in report.skipped] == ["sound.mp4", "cloud.mp4"]
    assert [Path(row["path"]).name for row in report.failed] == ["dead.mp4", "closed"]
    assert report.broke, "the folder could not be read now"


def test_a_failure_that_was_known_breaks_nothing(opened: Library, videos: Path) -> None:
    path = written(videos / "dead.mp4", b"dead")
    dead = failure_after(MediaError("damaged"), event(path), None, decoder=DECODER)
    with opened.write() as connection:
        failures.set_failure(connection, dead)
    run = CatalogPass(opened, [videos], decoder=DECODER, automatic=True).run
    run.undecided(events(videos))
    assert not run.finish_report().broke
