"""Tasks become results in threads: whatever a reading raises, and whatever is not fetched any more."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from mediaindex.decode.sampling.policy import Sampling
from mediaindex.decode.worker import DecodeWorker, new_worker
from mediaindex.errors import DecodeError, NoSpace
from mediaindex.ingest.pools.file_reading import BrokenFile, Decoding, PoolHalt, RefusedFile, Result
from mediaindex.ingest.pools.threads import RESULTS_A_JOB, DecodePool
from mediaindex.ingest.reconcile.decision import DecodeTask
from mediaindex.media import FileEvent
from mediaindex.store.frame_cache import FrameCache
from mediaindex.store.library import Library
from tests.support.corridor import decoded_file, task_of

LIMIT_SECONDS = 60.0


def task(number: int) -> DecodeTask:
    return DecodeTask(FileEvent(Path(f"/nowhere/{number}.mp4"), number, 0), "hash", 1, Path("/nowhere"))


def pool_of(library: Library, reading: Callable[[DecodeTask], Result], *, jobs: int = 1) -> DecodePool:
    def read(_worker: DecodeWorker, _frames: FrameCache, task: DecodeTask, _sampling: Sampling) -> Result:
        return reading(task)

    return DecodePool(library.frames, Decoding(Sampling(), jobs, new_worker), read)


def refuse(task: DecodeTask) -> Result:
    return RefusedFile(task, "no film")


def fetched(pool: DecodePool) -> Result:
    result = pool.get(LIMIT_SECONDS)
    assert result is not None
    return result


@pytest.mark.parametrize("jobs", [1, 3])
def test_every_task_has_one_result(opened: Library, jobs: int) -> None:
    tasks = [task(number) for number in range(20)]
    with pool_of(opened, refuse, jobs=jobs) as pool:
        for one in tasks:
            pool.submit(one)
        assert pool.in_flight == len(tasks)
        results = [fetched(pool) for _ in tasks]
        assert pool.in_flight == 0
        assert pool.get(0.0) is None
    sizes = [result.task.event.size for result in results if isinstance(result, RefusedFile)]
    assert sorted(sizes) == list(range(20))
    assert jobs > 1 or sizes == list(range(20))


@pytest.mark.parametrize(
    ("error", "transient", "reason"),
    [
        (DecodeError("damaged"), False, "damaged"),
        (OSError(5, "Input/output error"), True, "cannot be read: Input/output error"),
        (RuntimeError("of ours"), True, "mediaindex failed on it: RuntimeError: of ours"),
    ],
)
def test_one_file_that_breaks_ends_nothing(
    opened: Library, error: Exception, transient: bool, reason: str
) -> None:
    def reading(task: DecodeTask) -> Result:
        if task.event.size == 0:
            raise error
        return refuse(task)

    with pool_of(opened, reading) as pool:
        pool.submit(task(0))
        pool.submit(task(1))
        broken = fetched(pool)
        assert isinstance(broken, BrokenFile)
        assert (broken.error.reason, broken.error.transient) == (reason, transient)
        assert fetched(pool) == RefusedFile(task(1), "no film")


def test_a_fault_of_ours_is_logged_with_its_traceback(
    opened: Library, caplog: pytest.LogCaptureFixture
) -> None:
    def reading(_task: DecodeTask) -> Result:
        raise RuntimeError("of ours")

    with pool_of(opened, reading) as pool:
        pool.submit(task(0))
        fetched(pool)
    assert "/nowhere/0.mp4" in caplog.text
    assert "Traceback" in caplog.text


def test_what_every_file_would_meet_halts_the_pool(opened: Library) -> None:
    error = NoSpace("the disk is full")

    def reading(_task: DecodeTask) -> Result:
        raise error

    with pool_of(opened, reading) as pool:
        pool.submit(task(0))
        assert fetched(pool) == PoolHalt(error)


def test_closing_removes_the_frames_of_results_that_nobody_fetched(opened: Library, tmp_path: Path) -> None:
    path = tmp_path / "a.mp4"
    path.write_bytes(b"a film")
    file = decoded_file(opened, task_of(opened, path), "red")
    finished = threading.Event()

    def reading(_task: DecodeTask) -> Result:
        finished.set()
        return file

    with pool_of(opened, reading) as pool:
        pool.submit(file.task)
        assert finished.wait(LIMIT_SECONDS)
    assert list(opened.frames.names()) == []
    assert not opened.frames.unsettled


def test_decoding_waits_where_results_are_not_fetched(opened: Library) -> None:
    read: list[int] = []

    def reading(task: DecodeTask) -> Result:
        read.append(task.event.size)
        return refuse(task)

    with pool_of(opened, reading) as pool:
        for number in range(10):
            pool.submit(task(number))
        for number in range(10):
            fetched(pool)
            # As many as were fetched, as wait in the queue, and the one in the thread's hands.
            assert len(read) <= number + 1 + RESULTS_A_JOB + 1
    assert read == list(range(10))


def test_a_pool_without_a_task_starts_no_thread(opened: Library) -> None:
    before = threading.active_count()
    with pool_of(opened, refuse) as pool:
        assert threading.active_count() == before
        assert pool.get(0.0) is None
