"""Files that change while a pass goes on, and files that were damaged and mended again."""

from __future__ import annotations

import os
import shutil
import threading
from pathlib import Path

import pytest

from mediaindex.errors import MediaError
from mediaindex.ingest.index_pass import AHEAD_A_JOB
from mediaindex.ingest.pipeline import Ingest
from mediaindex.ingest.progress import Progress, Report
from mediaindex.ingest.reconcile.retry_policy import failure_after
from mediaindex.media import FileEvent
from mediaindex.sources.scan import scan
from mediaindex.store.catalog import failures as failure_rows
from mediaindex.store.catalog import locations
from mediaindex.store.catalog import videos as video_rows
from mediaindex.store.catalog.locations import Location
from mediaindex.store.library import Library
from mediaindex.store.maintenance.check import check
from tests.support.corridor import Troubled, failures, ingest, run
from tests.support.films import film
from tests.support.media import write_sound


@pytest.fixture
def videos(tmp_path: Path) -> Path:
    for name in ("a.mp4", "b.mp4", "c.mp4"):
        film(tmp_path / "videos" / name, "red", ("blue", {"a.mp4": 1.0, "b.mp4": 2.0, "c.mp4": 3.0}[name]))
    return tmp_path / "videos"


def places(library: Library) -> dict[str, Location]:
    with library.read() as connection:
        return {
            path.name: place for path, place in locations.locations_below(connection, [Path("/")]).items()
        }


def small_pass(corridor: Ingest, path: Path) -> Report:
    """As a watcher looks at one path."""
    return corridor.index([path], scan([path] if path.exists() else []), automatic=True, confirm=False)


def test_a_file_that_was_read_already_is_read_again_in_the_middle_of_a_pass(
    opened: Library, videos: Path
) -> None:
    changed: list[Path] = []
    reports: list[Report] = []

    def change(corridor: Ingest) -> None:
        if not changed and "a.mp4" in places(opened) and videos / "a.mp4" not in corridor.claims.claimed():
            changed.append(film(videos / "a.mp4", "green", "white"))
            reports.append(small_pass(corridor, videos / "a.mp4"))

    report = run(ingest(opened, attend=change), videos)
    assert [found.decoded for found in reports] == [1]
    assert report.failed == []
    status = (videos / "a.mp4").stat()
    assert (places(opened)["a.mp4"].size, places(opened)["a.mp4"].mtime_ns) == (
        status.st_size,
        status.st_mtime_ns,
    )
    assert run(ingest(opened), videos).unchanged == 3
    assert check(opened).problems == []


@pytest.mark.parametrize("change", ["cut off", "no film any more", "moved away"])
def test_a_copy_is_read_itself_where_the_file_that_it_waited_for_changed(
    opened: Library, videos: Path, change: str
) -> None:
    first, copy = videos / "a.mp4", videos / "a.mp4.again.mp4"
    shutil.copyfile(first, copy)
    changed: list[str] = []

    def spoil(_: Ingest) -> None:
        if changed:
            return
        changed.append(change)
        if change == "cut off":
            os.truncate(first, first.stat().st_size // 2)
        elif change == "no film any more":
            write_sound(first)
        else:
            first.rename(videos.parent / "elsewhere.mp4")

    report = run(ingest(opened, attend=spoil), videos)
    assert report.decoded == 3
    with opened.read() as connection:
        found = places(opened)[copy.name]
        assert found.content is not None
        assert video_rows.is_shown(connection, found.content)
    assert copy.name not in {name for name, *_ in failures(opened)}
    assert check(opened).problems == []


def test_a_file_that_waits_for_its_turn_is_told_once_it_was_read(opened: Library, videos: Path) -> None:
    looked: list[Path] = []
    told: list[list[Path]] = []

    def look(corridor: Ingest) -> None:
        if not looked and videos / "c.mp4" in corridor.claims.claimed():
            looked.append(videos / "c.mp4")
            small_pass(corridor, videos / "c.mp4")
            told.append(corridor.released())

    corridor = ingest(opened, attend=look)
    assert run(corridor, videos).decoded == 3
    assert told == [[]], "it was being read"
    assert corridor.released() == [videos / "c.mp4"]
    assert corridor.released() == []


def test_a_file_is_taken_as_it_is_when_its_turn_comes(opened: Library, videos: Path) -> None:
    def change(_worker: Troubled, path: Path) -> None:
        if path.name == "a.mp4":
            film(videos / "z.mp4", "green", "white")
            (videos / "y.mp4").unlink()

    # Behind so many others that they are not looked at before the first is read.
    for number in range(2 * AHEAD_A_JOB):
        film(videos / f"m{number}.mp4", ("red", 1.0 + number / 5))
    for name in ("y.mp4", "z.mp4"):
        film(videos / name, "black", ("white", 1.0 if name == "y.mp4" else 3.0))
    events = list(scan([videos]))
    report = ingest(opened, trouble=change).index([videos], events, confirm=False)
    assert report.failed == []
    assert failures(opened) == []
    assert places(opened)["z.mp4"].size == (videos / "z.mp4").stat().st_size
    assert "y.mp4" not in places(opened)


def test_a_file_that_moves_in_the_middle_of_a_pass_is_not_missing(opened: Library, videos: Path) -> None:
    run(ingest(opened), videos)
    film(videos / "d.mp4", "green")
    (videos / "c.mp4").rename(videos.with_name("aside"))
    reports: list[Report] = []
    moved = threading.Event()

    def move(corridor: Ingest) -> None:
        # The pass began with what was known of c.mp4 at its old place.
        if not reports and videos / "d.mp4" in corridor.claims.claimed():
            reports.append(Report())
            videos.with_name("aside").rename(videos / "z.mp4")
            reports.append(small_pass(corridor, videos / "z.mp4"))
            moved.set()

    def wait(_worker: Troubled, _path: Path) -> None:
        assert moved.wait(60), "the pass has not come to its turn for others"

    assert run(ingest(opened, attend=move, trouble=wait), videos).decoded == 1
    assert reports[1].moved == 1
    known = places(opened)
    assert "c.mp4" not in known
    assert known["z.mp4"].missing_since is None


def test_a_broken_file_that_goes_before_its_turn_leaves_nothing(opened: Library, videos: Path) -> None:
    path = videos / "z.mp4"
    path.write_bytes(b"")
    run(ingest(opened), videos)
    assert failures(opened) == [("z.mp4", "dead", 1)]
    path.write_bytes(b"other")
    events = list(scan([videos]))
    path.unlink()
    corridor = ingest(opened)
    corridor.claims.claim([path])
    assert small_pass(corridor, path).failed == []
    assert failures(opened) == []
    path.write_bytes(b"")
    run(ingest(opened), videos)
    path.unlink()
    assert ingest(opened).index([videos], events, automatic=True).unchanged == 3
    assert failures(opened) == []


def test_what_a_damaged_file_held_is_missing_until_it_is_mended(opened: Library, videos: Path) -> None:
    path = videos / "a.mp4"
    run(ingest(opened), videos)
    whole, before = path.read_bytes(), path.stat()
    path.write_bytes(b"")
    assert len(run(ingest(opened), videos).failed) == 1
    assert failures(opened) == [("a.mp4", "dead", 1)]
    assert places(opened)["a.mp4"].missing_since is not None
    path.write_bytes(whole)
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    report = run(ingest(opened), videos)
    assert (report.unchanged, report.decoded, report.failed) == (3, 0, [])
    assert failures(opened) == []
    assert places(opened)["a.mp4"].missing_since is None


def test_a_damaged_file_that_is_mended_at_another_time_decodes_nothing(opened: Library, videos: Path) -> None:
    path = videos / "a.mp4"
    run(ingest(opened), videos)
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    run(ingest(opened), videos)
    path.write_bytes(whole)
    report = run(ingest(opened), videos)
    assert (report.unchanged, report.decoded) == (3, 0)
    assert (failures(opened), places(opened)["a.mp4"].missing_since) == ([], None)


def test_a_film_that_became_a_file_without_one_is_missing(opened: Library, videos: Path) -> None:
    run(ingest(opened), videos)
    write_sound(videos / "a.mp4")
    report = run(ingest(opened), videos)
    assert [Path(row["path"]).name for row in report.skipped] == ["a.mp4"]
    assert places(opened)["a.mp4"].missing_since is not None


def noted_against(library: Library, path: Path) -> None:
    """As a pass leaves it that met other bytes there, which could not be read."""
    failure = failure_after(MediaError("damaged"), FileEvent(path, 1, 1), None)
    with library.write() as connection:
        failure_rows.set_failure(connection, failure)


def test_a_pass_within_the_scan_finds_what_was_decided_and_its_notes_stay(
    opened: Library, videos: Path
) -> None:
    """More files than are scanned between two turns for others; the first of them breaks at that turn."""
    path = videos / "a.mp4"
    run(ingest(opened), videos)
    noted_against(opened, path)
    known = list(scan([videos]))
    events = known + [FileEvent(videos / f"gone {number}.mp4", 1, 1) for number in range(100 - len(known))]
    before: list[list[tuple[str, str, int]]] = []

    def spoil(corridor: Ingest) -> None:
        if not before:
            before.append(failures(opened))
            path.write_bytes(b"")
            small_pass(corridor, path)

    ingest(opened, attend=spoil).index([videos], events, confirm=False)
    assert before == [[]]
    assert failures(opened) == [("a.mp4", "dead", 1)]


def test_what_the_scan_decided_is_written_before_the_first_file_is_read(
    opened: Library, videos: Path
) -> None:
    run(ingest(opened), videos)
    noted_against(opened, videos / "a.mp4")
    film(videos / "d.mp4", "green")
    during: list[list[tuple[str, str, int]]] = []
    run(ingest(opened, attend=lambda _: during.append(failures(opened))), videos)
    assert during[0] == []


def test_an_interrupted_pass_keeps_what_it_decided(opened: Library, videos: Path) -> None:
    path = videos / "a.mp4"
    run(ingest(opened), videos)
    os.utime(path, ns=(0, 1_000))
    noted_against(opened, path)
    film(videos / "d.mp4", "green")

    def interrupt(progress: Progress) -> None:
        if progress.stage == "indexing" and progress.done:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run(ingest(opened, progress=interrupt), videos)
    assert failures(opened) == []
    assert places(opened)["a.mp4"].mtime_ns == 1_000
