"""The write corridor: what a run does with files that break, change, and come again."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from mediaindex.decode import worker as worker_module
from mediaindex.decode.sampling.policy import Sampling
from mediaindex.decode.worker import DecodeWorker
from mediaindex.errors import NoSpace
from mediaindex.ingest.pipeline import Ingest
from mediaindex.ingest.progress import Progress, Report
from mediaindex.media import MediaInfo, NotAVideo
from mediaindex.store import commit
from mediaindex.store.catalog.database import CLEAN, get_meta
from mediaindex.store.library import Library, open_library
from mediaindex.store.maintenance.check import check
from mediaindex.store.vectors import spaces
from tests.support.corridor import Troubled, failures, ingest, run
from tests.support.films import film
from tests.support.observed import Statement, listed_folders, scanned, statements


@pytest.fixture
def videos(tmp_path: Path) -> Path:
    film(tmp_path / "videos" / "red.mp4", "red")
    film(tmp_path / "videos" / "blue.mp4", "blue")
    return tmp_path / "videos"


def test_a_file_that_kills_its_decoder_twice_is_dead(opened: Library, videos: Path) -> None:
    """The decoding process is killed for real; the file beside it is indexed by the next one."""

    def kill(worker: Troubled, path: Path) -> None:
        if path.name == "blue.mp4":
            pid = worker.pid
            assert pid is not None
            os.kill(pid, 11)
            list(DecodeWorker.extract(worker, path, worker.probe(path), Sampling()))  # type: ignore[arg-type]

    first = run(ingest(opened, trouble=kill), videos)
    assert (first.indexed, first.broke) == (1, True)
    assert failures(opened) == [("blue.mp4", "waiting", 1)]
    assert "SIGSEGV" in first.failed[0]["reason"]
    second = run(ingest(opened, trouble=kill), videos)
    assert (second.unchanged, second.broke) == (1, True)
    assert failures(opened) == [("blue.mp4", "dead", 2)]
    third = run(ingest(opened, trouble=kill), videos)
    assert (third.decoded, third.broke, len(third.failed)) == (0, False, 1)
    assert check(opened).problems == []


def test_a_file_that_changes_while_it_is_read_is_read_again(opened: Library, videos: Path) -> None:
    def grow(_worker: Troubled, path: Path) -> None:
        if path.name == "red.mp4":
            with path.open("ab") as file:
                file.write(b"\0\0\0\x08free")

    report = run(ingest(opened, trouble=grow), videos)
    assert (report.indexed, len(report.failed)) == (1, 1)
    assert "changed while it was read" in report.failed[0]["reason"]
    assert failures(opened) == [("red.mp4", "waiting", 1)]
    assert list(opened.frames.names()) == [n for n in opened.frames.names() if n[0].endswith(".mif")]
    report = run(ingest(opened), videos)
    assert (report.indexed, report.decoded, report.failed) == (1, 1, [])
    assert failures(opened) == []


def test_a_file_that_vanishes_while_it_is_read_fails_alone(opened: Library, videos: Path) -> None:
    def vanish(_worker: Troubled, path: Path) -> None:
        if path.name == "red.mp4":
            path.unlink()

    report = run(ingest(opened, trouble=vanish), videos)
    assert (report.indexed, len(report.failed)) == (1, 1)
    assert run(ingest(opened), videos).failed == []
    assert failures(opened) == []


def test_a_fault_of_ours_ends_the_run_and_keeps_what_was_done(opened: Library, videos: Path) -> None:
    def fault(_worker: Troubled, path: Path) -> None:
        if path.name == "red.mp4":
            raise NoSpace("the disk is full")

    with pytest.raises(NoSpace, match="full"):
        run(ingest(opened, trouble=fault), videos)
    report = run(ingest(opened), videos)
    assert report.failed == []
    with opened.read() as connection:
        space = spaces.active_space(connection)
        assert space is not None
        assert len(spaces.owned(connection, space.id)) == 2
    assert check(opened).problems == []


def test_an_interruption_keeps_what_was_embedded(opened: Library, videos: Path) -> None:
    def interrupt(told: Progress) -> None:
        if told.stage == "indexing" and told.done == 1:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run(ingest(opened, progress=interrupt), videos)
    with open_library(opened.root) as later:
        report = run(ingest(later), videos)
        assert (report.decoded, report.failed) == (1, [])
        assert check(later).problems == []


def test_progress_says_what_is_done_and_of_how_much(opened: Library, videos: Path) -> None:
    told: list[Progress] = []
    run(ingest(opened, progress=told.append), videos)
    indexing = [step for step in told if step.stage == "indexing"]
    assert [step.total for step in indexing] == [2] * len(indexing)
    assert [step.done for step in indexing] == sorted(step.done for step in indexing)
    assert indexing[-1].done == 2
    assert indexing[-1].media_seconds == pytest.approx(4.0, abs=0.2)


def test_a_request_in_the_middle_of_a_run_does_not_decode_twice(opened: Library, videos: Path) -> None:
    """What `attend` does with the same folder finds the files claimed."""
    inner: list[Report] = []

    def attend(corridor: Ingest) -> None:
        if not inner:
            inner.append(Report())
            inner[0] = run(corridor, videos)

    report = run(ingest(opened, attend=attend), videos)
    assert (report.decoded, inner[0].decoded) == (2, 0)
    assert check(opened).problems == []


def test_two_encoders_share_the_frames(opened: Library, videos: Path) -> None:
    run(ingest(opened), videos)
    shutil.rmtree(videos)
    corridor = ingest(opened)
    report = corridor.use("another")
    assert (report.decoded, report.indexed) == (0, 2)
    with opened.read() as connection:
        serving = spaces.active_space(connection)
        assert serving is not None
        assert serving.encoder == "another"
        assert len(spaces.all_spaces(connection)) == 1
    assert corridor.use("another").indexed == 0
    assert check(opened).problems == []


def test_a_skipped_file_names_its_reason_once(opened: Library, tmp_path: Path) -> None:
    film(tmp_path / "v" / "a.mp4", "red")
    asked: list[Path] = []

    class Refusing(DecodeWorker):
        def probe(self, path: Path) -> MediaInfo | NotAVideo:
            asked.append(path)
            return NotAVideo("no picture stream")

    def new() -> DecodeWorker:
        made = worker_module.new_worker()
        return Refusing(made._sandbox, decoder="pyav", max_pixels=made._max_pixels)

    corridor = ingest(opened, new_worker=new)
    for _ in range(2):
        report = run(corridor, tmp_path / "v")
        assert report.skipped == [{"path": str(tmp_path / "v" / "a.mp4"), "reason": "no picture stream"}]
        assert report.videos == 0
    assert len(asked) == 1


def test_a_pass_asks_nothing_of_what_lies_elsewhere(opened: Library, videos: Path) -> None:
    """Neither more statements nor a walk through all files, where a library holds much else."""
    folder = videos.parent / "one folder"
    shutil.copytree(videos, folder)
    run(ingest(opened), videos, folder)
    before = asked_by_a_pass(opened, folder)
    for number in range(10):
        shutil.copy(videos / "red.mp4", videos / f"copy {number}.mp4")
    run(ingest(opened), videos)
    assert [text for text, _values in asked_by_a_pass(opened, folder)] == [text for text, _values in before]


def asked_by_a_pass(library: Library, folder: Path) -> list[Statement]:
    """The statements of a pass that finds nothing new; none reads every file, and no blob is listed."""
    with listed_folders() as listed, statements(library.engine) as asked:
        report = run(ingest(library), folder)
    assert (report.videos, report.unchanged) == (2, 2)
    assert not any(path.startswith(str(library.root / "frames")) for path in listed)
    assert {"location", "video", "frame", "segment", "word", "subtitle"} & scanned(
        library.engine, asked
    ) == set()
    return asked


def test_confirming_reads_only_what_is_not_confirmed(opened: Library, videos: Path) -> None:
    run(ingest(opened), videos)
    with statements(opened.engine) as asked:
        ingest(opened).confirm([videos])
    assert [text for text, _values in asked if "location.path >=" in text] == []


def test_from_its_first_blob_on_a_pass_is_not_settled(opened: Library, videos: Path) -> None:
    """Or a kill while a film is decoded would leave a blob that nobody looks for."""
    commit.settle(opened)
    flags: list[str | None] = []

    def look(_worker: Troubled, _path: Path) -> None:
        with opened.read() as connection:
            flags.append(get_meta(connection, CLEAN))

    run(ingest(opened, trouble=look), videos)
    assert flags == ["0", "0"]
