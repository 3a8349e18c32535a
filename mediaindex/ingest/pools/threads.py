"""Decoding in threads, each with a bounded decoder process of its own.

What leaves a thread is small (times, names, cues), and the result queue is bounded: where embedding is
slower, decoding waits.
"""

from __future__ import annotations

import contextlib
import logging
import queue
import threading
from collections.abc import Iterator

from mediaindex.decode.worker import DecodeWorker
from mediaindex.errors import MediaError, MediaIndexError
from mediaindex.ingest.pools.file_reading import (
    BrokenFile,
    DecodedFile,
    Decoding,
    PoolHalt,
    Reading,
    Result,
    extract,
)
from mediaindex.ingest.pools.rotational import RotationalDiskLocks
from mediaindex.ingest.reconcile.decision import DecodeTask
from mediaindex.store.frame_cache import FrameCache

logger = logging.getLogger(__name__)

RESULTS_A_JOB = 2


class DecodePool:
    """Threads that turn tasks into results, in no fixed order.

    Args:
        reading: how files are read; None decodes them in full.
    """

    def __init__(self, frames: FrameCache, decoding: Decoding, reading: Reading | None = None) -> None:
        self._reading = reading or extract
        self._disk_locks = RotationalDiskLocks()
        self._frames = frames
        self._decoding = decoding
        self._tasks: queue.SimpleQueue[DecodeTask | None] = queue.SimpleQueue()
        self._results: queue.Queue[Result] = queue.Queue(maxsize=RESULTS_A_JOB * decoding.jobs)
        self._stopping = threading.Event()
        self._workers: list[DecodeWorker] = []
        self._threads = [threading.Thread(target=self._run, daemon=True) for _ in range(decoding.jobs)]
        self.in_flight = 0

    def submit(self, task: DecodeTask) -> None:
        """Queue one file; names are small, so this queue needs no bound."""
        if self.in_flight == 0 and not self._threads[0].is_alive():
            for thread in self._threads:
                thread.start()
        self.in_flight += 1
        self._tasks.put(task)

    def get(self, timeout: float) -> Result | None:
        """The next result, None after `timeout` seconds without one."""
        try:
            result = self._results.get(timeout=timeout) if timeout > 0 else self._results.get_nowait()
        except queue.Empty:
            return None
        self.in_flight -= 1
        return result

    def close(self) -> None:
        """Stop all threads and kill their decoders; unfinished files are simply not done."""
        self._stopping.set()
        for worker in list(self._workers):
            worker.kill()
        for _ in self._threads:
            self._tasks.put(None)
        while any(thread.is_alive() for thread in self._threads):
            self._drop(self.get(timeout=0.05))
        while (result := self.get(timeout=0.0)) is not None:
            self._drop(result)

    def _drop(self, result: Result | None) -> None:
        """Remove the frames of a result that nobody takes any more: no row will name them."""
        if isinstance(result, DecodedFile):
            self._frames.settle(result.frame_file)
            self._frames.remove(result.frame_file)

    def __enter__(self) -> DecodePool:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _run(self) -> None:
        with contextlib.ExitStack() as stack:
            worker = None
            for task in self._submitted():
                try:
                    if worker is None:
                        worker = stack.enter_context(self._decoding.new_worker())
                        self._workers.append(worker)
                    with self._disk_locks.lock_of(task.event.path):
                        result: Result = self._reading(worker, self._frames, task, self._decoding.sampling)
                except MediaError as error:
                    result = BrokenFile(task, error)
                except OSError as error:
                    result = BrokenFile(task, MediaError(f"cannot be read: {error.strerror}", transient=True))
                except MediaIndexError as error:
                    result = PoolHalt(error)
                except Exception as error:
                    # A fault of ours, which this file brought to light: the next one may be read well.
                    logger.exception("reading %s", task.event.path)
                    reason = f"mediaindex failed on it: {type(error).__name__}: {error}"
                    result = BrokenFile(task, MediaError(reason, transient=True))
                self._results.put(result)

    def _submitted(self) -> Iterator[DecodeTask]:
        while (task := self._tasks.get()) is not None and not self._stopping.is_set():
            yield task
