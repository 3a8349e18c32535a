"""The three ways to read one file: its headers, one frame of it, or all of it.

A result holds times, names and cues. The pictures lie in the frame cache by then, fsynced, so that a
file whose result is recorded is never decoded again after a kill.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from mediaindex.decode.sampling.policy import Sampling
from mediaindex.decode.worker import DecodeWorker
from mediaindex.errors import DecodeError, MediaError, MediaIndexError
from mediaindex.ingest.reconcile.decision import DecodeTask
from mediaindex.media import Cue, FileEvent, MediaInfo, NotAVideo, Position, SampledFrame, Segmentation
from mediaindex.sources.content_hash import HashReader
from mediaindex.store.catalog.videos import Identity
from mediaindex.store.frame_cache import FrameCache


@dataclass(frozen=True, slots=True)
class DecodedFile:
    """A file whose frames lie in the frame cache under `frame_file`, a blob of `blob_bytes`.

    After a first look there is one frame, and the identity has no full hash.
    """

    task: DecodeTask
    identity: Identity
    info: MediaInfo
    segmentation: Segmentation
    frame_file: str
    blob_bytes: int
    seconds: tuple[float, ...]
    cues: tuple[Cue, ...]

    @property
    def is_first_look(self) -> bool:
        """Whether only one frame was decoded, and the content is not known in full."""
        return self.identity.hash is None


@dataclass(frozen=True, slots=True)
class ProbedFile:
    """A file whose headers were read."""

    task: DecodeTask
    info: MediaInfo


@dataclass(frozen=True, slots=True)
class RefusedFile:
    """A file without a film in it."""

    task: DecodeTask
    reason: str


@dataclass(frozen=True, slots=True)
class BrokenFile:
    """A file that could not be read."""

    task: DecodeTask
    error: MediaError


@dataclass(frozen=True, slots=True)
class PoolHalt:
    """What would meet every further file too, such as a full disk."""

    error: MediaIndexError


FileResult = ProbedFile | DecodedFile | RefusedFile | BrokenFile
Result = FileResult | PoolHalt
Reading = Callable[[DecodeWorker, FrameCache, DecodeTask, Sampling], Result]
"""How a file is read: its headers, one frame, or all of it."""


def extract(
    worker: DecodeWorker, frames: FrameCache, task: DecodeTask, sampling: Sampling
) -> DecodedFile | RefusedFile:
    """Probe, decode and hash one file, the hash reading just ahead of the decoder.

    Raises:
        MediaError: the file cannot be read. NoSpace: the frame cache cannot be written.
    """
    info = worker.probe(task.event.path)
    if isinstance(info, NotAVideo):
        return RefusedFile(task, info.reason)
    seconds: list[float] = []
    cues: list[Cue] = []
    segmentation: Segmentation | None = None
    with HashReader(task.event.path) as reader, frames.new_blob() as blob:
        for item in worker.extract(task.event.path, info, sampling):
            match item:
                case SampledFrame():
                    seconds.append(item.seconds)
                    blob.add(item.jpeg)
                case Position():
                    reader.advance(item.bytes)
                case Cue():
                    cues.append(item)
                case Segmentation():
                    segmentation = item
        reader.finish()
        full = reader.result()
        assert segmentation is not None
        if FileEvent.of(task.event.path, task.event.path.stat()) != task.event:
            raise MediaError("the file changed while it was read", transient=True)
        name = blob.finish(content=full)
    identity = Identity(task.event.size, task.partial_hash, full)
    size = frames.size(name)
    return DecodedFile(task, identity, info, segmentation, name, size, tuple(seconds), tuple(cues))


def read_headers(worker: DecodeWorker, _frames: FrameCache, task: DecodeTask, _sampling: Sampling) -> Result:
    """Probe one file.

    Raises:
        MediaError: the file cannot be read.
    """
    info = worker.probe(task.event.path)
    return RefusedFile(task, info.reason) if isinstance(info, NotAVideo) else ProbedFile(task, info)


def look_once(worker: DecodeWorker, frames: FrameCache, task: DecodeTask, sampling: Sampling) -> Result:
    """Probe one file and decode one of its frames; only the headers where no frame can be had cheaply.

    Raises:
        MediaError: the file cannot be read. NoSpace: as `extract`.
    """
    path = task.event.path
    info = worker.probe(path)
    if isinstance(info, NotAVideo):
        return RefusedFile(task, info.reason)
    try:
        items = list(worker.first_look(path, info, sampling))
    except DecodeError:
        return ProbedFile(task, info)
    (frame,) = (item for item in items if isinstance(item, SampledFrame))
    (segmentation,) = (item for item in items if isinstance(item, Segmentation))
    with frames.new_blob() as blob:
        blob.add(frame.jpeg)
        name = blob.finish(content=task.partial_hash)
    identity = Identity(task.event.size, task.partial_hash, None)
    return DecodedFile(task, identity, info, segmentation, name, frames.size(name), (frame.seconds,), ())


@dataclass(frozen=True, slots=True)
class Decoding:
    """How files are decoded.

    Attributes:
        jobs: threads with a decoder process each, made by `new_worker`.
    """

    sampling: Sampling
    jobs: int
    new_worker: Callable[[], DecodeWorker]
