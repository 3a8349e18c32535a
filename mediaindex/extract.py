"""The decoding half of the write corridor: files in, frames on disk and metadata out, in threads.

Each thread owns one bounded decoder process. What leaves a thread is small (times, names, cues); the
pictures lie in the frame cache already, fsynced, so that a kill never repeats decoding once the
result is recorded. The result queue is bounded: where embedding is slower, decoding waits.
"""

from __future__ import annotations

import contextlib
import logging
import queue
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from mediaindex.errors import DecodeError, MediaError, MediaIndexError
from mediaindex.frames import DecodeWorker, Sampling
from mediaindex.identity import HashReader
from mediaindex.media import Cue, Keyframe, MediaInfo, NotAVideo, Outline, Position
from mediaindex.reconcile import Work
from mediaindex.spindle import OneReader
from mediaindex.store.catalog import Identity
from mediaindex.store.frame_cache import FrameCache

logger = logging.getLogger(__name__)

RESULTS_A_JOB = 2


@dataclass(frozen=True, slots=True)
class Decoded:
    """A file whose frames lie in the frame cache under `frame_file`.

    After a first look there is one frame, and the identity has no full hash.
    """

    work: Work
    identity: Identity
    info: MediaInfo
    outline: Outline
    frame_file: str
    seconds: tuple[float, ...]
    cues: tuple[Cue, ...]


@dataclass(frozen=True, slots=True)
class Probed:
    """A file whose headers were read."""

    work: Work
    info: MediaInfo


@dataclass(frozen=True, slots=True)
class Refused:
    """A file without a film in it."""

    work: Work
    reason: str


@dataclass(frozen=True, slots=True)
class Broken:
    """A file that could not be read."""

    work: Work
    error: MediaError


@dataclass(frozen=True, slots=True)
class Halted:
    """Something that no further file will mend: a full disk, a fault of ours."""

    error: BaseException


Result = Probed | Decoded | Refused | Broken | Halted
Reading = Callable[[DecodeWorker, FrameCache, Work, Sampling], Result]
"""How a file is read: its headers, one frame, or all of it."""


def extract(worker: DecodeWorker, frames: FrameCache, work: Work, sampling: Sampling) -> Decoded | Refused:
    """Probe, decode and hash one file, the hash reading just ahead of the decoder.

    Raises:
        MediaError: the file cannot be read. NoSpace: the frame cache cannot be written.
    """
    info = worker.probe(work.event.path)
    if isinstance(info, NotAVideo):
        return Refused(work, info.reason)
    seconds: list[float] = []
    cues: list[Cue] = []
    outline: Outline | None = None
    with HashReader(work.event.path) as reader, frames.new_blob() as blob:
        for item in worker.extract(work.event.path, info, sampling):
            match item:
                case Keyframe():
                    seconds.append(item.seconds)
                    blob.add(item.jpeg)
                case Position():
                    reader.advance(item.bytes)
                case Cue():
                    cues.append(item)
                case Outline():
                    outline = item
        reader.finish()
        full = reader.result()
        assert outline is not None
        stat = work.event.path.stat()
        if (stat.st_size, stat.st_mtime_ns) != (work.event.size, work.event.mtime_ns):
            raise MediaError("the file changed while it was read", transient=True)
        name = blob.finish(content=full)
    identity = Identity(work.event.size, work.partial_hash, full)
    return Decoded(work, identity, info, outline, name, tuple(seconds), tuple(cues))


def read_headers(worker: DecodeWorker, _frames: FrameCache, work: Work, _sampling: Sampling) -> Result:
    """Probe one file.

    Raises:
        MediaError: the file cannot be read.
    """
    info = worker.probe(work.event.path)
    return Refused(work, info.reason) if isinstance(info, NotAVideo) else Probed(work, info)


def look_once(worker: DecodeWorker, frames: FrameCache, work: Work, sampling: Sampling) -> Result:
    """Probe one file and decode one of its frames; where none is had cheaply, its headers are all.

    Raises:
        MediaError: the file cannot be read. NoSpace: as `extract`.
    """
    path = work.event.path
    info = worker.probe(path)
    if isinstance(info, NotAVideo):
        return Refused(work, info.reason)
    try:
        seen = list(worker.first_look(path, info, sampling))
    except DecodeError:
        return Probed(work, info)
    (frame,) = (item for item in seen if isinstance(item, Keyframe))
    (outline,) = (item for item in seen if isinstance(item, Outline))
    with frames.new_blob() as blob:
        blob.add(frame.jpeg)
        name = blob.finish(content=work.partial_hash)
    identity = Identity(work.event.size, work.partial_hash, None)
    return Decoded(work, identity, info, outline, name, (frame.seconds,), ())


@dataclass(frozen=True, slots=True)
class Decoding:
    """How files are decoded.

    Attributes:
        jobs: threads with a decoder process each, made by `new_worker`.
    """

    sampling: Sampling
    jobs: int
    new_worker: Callable[[], DecodeWorker]


class DecodePool:
    """Threads that turn work into results, in no fixed order.

    Args:
        reading: how files are read; None decodes them in full.
    """

    def __init__(self, frames: FrameCache, decoding: Decoding, reading: Reading | None = None) -> None:
        self._reading = reading or extract
        self._one_reader = OneReader()
        self._frames = frames
        self._decoding = decoding
        self._work: queue.SimpleQueue[Work | None] = queue.SimpleQueue()
        self._results: queue.Queue[Result] = queue.Queue(maxsize=RESULTS_A_JOB * decoding.jobs)
        self._stopping = threading.Event()
        self._workers: list[DecodeWorker] = []
        self._threads = [threading.Thread(target=self._run, daemon=True) for _ in range(decoding.jobs)]
        self.in_flight = 0

    def submit(self, work: Work) -> None:
        """Queue one file; names are small, so this queue needs no bound."""
        if self.in_flight == 0 and not self._threads[0].is_alive():
            for thread in self._threads:
                thread.start()
        self.in_flight += 1
        self._work.put(work)

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
            self._work.put(None)
        while any(thread.is_alive() for thread in self._threads):
            self._drop(self.get(timeout=0.05))
        while (result := self.get(timeout=0.0)) is not None:
            self._drop(result)

    def _drop(self, result: Result | None) -> None:
        """A result that nobody takes any more: no row will name its frames."""
        if isinstance(result, Decoded):
            self._frames.settle(result.frame_file)
            self._frames.remove(result.frame_file)

    def __enter__(self) -> DecodePool:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _run(self) -> None:
        with contextlib.ExitStack() as stack:
            worker = None
            for work in self._taken():
                try:
                    if worker is None:
                        worker = stack.enter_context(self._decoding.new_worker())
                        self._workers.append(worker)
                    with self._one_reader.of(work.event.path):
                        result: Result = self._reading(worker, self._frames, work, self._decoding.sampling)
                except MediaError as error:
                    result = Broken(work, error)
                except OSError as error:
                    result = Broken(work, MediaError(f"cannot be read: {error.strerror}", transient=True))
                except MediaIndexError as error:
                    result = Halted(error)
                except Exception as error:
                    logger.exception("decoding %s", work.event.path)
                    result = Halted(error)
                self._results.put(result)

    def _taken(self) -> Iterator[Work]:
        while (work := self._work.get()) is not None and not self._stopping.is_set():
            yield work
