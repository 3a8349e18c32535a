"""The decoding half of the write corridor: files in, frames on disk and metadata out, in threads.

Each thread owns one bounded decoder process. What leaves a thread is small (times, names, cues); the
pictures lie in the frame cache already, fsynced, so that a kill never repeats decoding once the
result is recorded. The result queue is bounded: where embedding is slower, decoding waits.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from mediaindex.decode.sampling.policy import Sampling
from mediaindex.decode.worker import DecodeWorker
from mediaindex.errors import (
    DecodeError,
    MediaError,
)
from mediaindex.ingest.reconcile.reconciler import DecodeTask
from mediaindex.media import (
    Cue,
    MediaInfo,
    NotAVideo,
    Position,
    SampledFrame,
    Segmentation,
)
from mediaindex.sources.content_hash import HashReader
from mediaindex.store.catalog.videos import Identity
from mediaindex.store.frame_cache import FrameCache


@dataclass(frozen=True, slots=True)
class DecodedFile:
    """A file whose frames lie in the frame cache under `frame_file`.

    After a first look there is one frame, and the identity has no full hash.
    """

    work: DecodeTask
    identity: Identity
    info: MediaInfo
    outline: Segmentation
    frame_file: str
    seconds: tuple[float, ...]
    cues: tuple[Cue, ...]


@dataclass(frozen=True, slots=True)
class ProbedFile:
    """A file whose headers were read."""

    work: DecodeTask
    info: MediaInfo


@dataclass(frozen=True, slots=True)
class RefusedFile:
    """A file without a film in it."""

    work: DecodeTask
    reason: str


@dataclass(frozen=True, slots=True)
class BrokenFile:
    """A file that could not be read."""

    work: DecodeTask
    error: MediaError


@dataclass(frozen=True, slots=True)
class PoolHalt:
    """Something that no further file will mend: a full disk, a fault of ours."""

    error: BaseException


Result = ProbedFile | DecodedFile | RefusedFile | BrokenFile | PoolHalt
Reading = Callable[[DecodeWorker, FrameCache, DecodeTask, Sampling], Result]
"""How a file is read: its headers, one frame, or all of it."""


def extract(
    worker: DecodeWorker, frames: FrameCache, work: DecodeTask, sampling: Sampling
) -> DecodedFile | RefusedFile:
    """Probe, decode and hash one file, the hash reading just ahead of the decoder.

    Raises:
        MediaError: the file cannot be read. NoSpace: the frame cache cannot be written.
    """
    info = worker.probe(work.event.path)
    if isinstance(info, NotAVideo):
        return RefusedFile(work, info.reason)
    seconds: list[float] = []
    cues: list[Cue] = []
    outline: Segmentation | None = None
    with HashReader(work.event.path) as reader, frames.new_blob() as blob:
        for item in worker.extract(work.event.path, info, sampling):
            match item:
                case SampledFrame():
                    seconds.append(item.seconds)
                    blob.add(item.jpeg)
                case Position():
                    reader.advance(item.bytes)
                case Cue():
                    cues.append(item)
                case Segmentation():
                    outline = item
        reader.finish()
        full = reader.result()
        assert outline is not None
        stat = work.event.path.stat()
        if (stat.st_size, stat.st_mtime_ns) != (work.event.size, work.event.mtime_ns):
            raise MediaError("the file changed while it was read", transient=True)
        name = blob.finish(content=full)
    identity = Identity(work.event.size, work.partial_hash, full)
    return DecodedFile(work, identity, info, outline, name, tuple(seconds), tuple(cues))


def read_headers(worker: DecodeWorker, _frames: FrameCache, work: DecodeTask, _sampling: Sampling) -> Result:
    """Probe one file.

    Raises:
        MediaError: the file cannot be read.
    """
    info = worker.probe(work.event.path)
    return RefusedFile(work, info.reason) if isinstance(info, NotAVideo) else ProbedFile(work, info)


def look_once(worker: DecodeWorker, frames: FrameCache, work: DecodeTask, sampling: Sampling) -> Result:
    """Probe one file and decode one of its frames; where none is had cheaply, its headers are all.

    Raises:
        MediaError: the file cannot be read. NoSpace: as `extract`.
    """
    path = work.event.path
    info = worker.probe(path)
    if isinstance(info, NotAVideo):
        return RefusedFile(work, info.reason)
    try:
        seen = list(worker.first_look(path, info, sampling))
    except DecodeError:
        return ProbedFile(work, info)
    (frame,) = (item for item in seen if isinstance(item, SampledFrame))
    (outline,) = (item for item in seen if isinstance(item, Segmentation))
    with frames.new_blob() as blob:
        blob.add(frame.jpeg)
        name = blob.finish(content=work.partial_hash)
    identity = Identity(work.event.size, work.partial_hash, None)
    return DecodedFile(work, identity, info, outline, name, (frame.seconds,), ())


@dataclass(frozen=True, slots=True)
class Decoding:
    """How files are decoded.

    Attributes:
        jobs: threads with a decoder process each, made by `new_worker`.
    """

    sampling: Sampling
    jobs: int
    new_worker: Callable[[], DecodeWorker]
