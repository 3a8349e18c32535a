"""The write corridor with a fake encoder, a decoder to which something happens at each file, its parts."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from pathlib import Path

from PIL import Image

from mediaindex.decode import worker as worker_module
from mediaindex.decode.sampling.policy import Sampling
from mediaindex.decode.worker import DecodeWorker
from mediaindex.ingest.file_effects import RecordDecoded
from mediaindex.ingest.pipeline import Ingest
from mediaindex.ingest.pools.file_reading import DecodedFile, Decoding
from mediaindex.ingest.progress import Progress, Report
from mediaindex.ingest.reconcile.decision import DecodeTask
from mediaindex.ingest.reconcile.mounted_volumes import MountedVolumes
from mediaindex.media import Cue, FileEvent, MediaInfo, Position, SampledFrame, Segment, Segmentation
from mediaindex.sources.content_hash import full_hash, partial_hash
from mediaindex.sources.scan import scan
from mediaindex.store.catalog import failures as failure_rows
from mediaindex.store.catalog.videos import Identity
from mediaindex.store.library import Library
from mediaindex.store.vectors.spaces import Unembedded
from tests.support.fake_encoder import COLOURS, FakeEncoder

Item = SampledFrame | Cue | Position | Segmentation


class Troubled(DecodeWorker):
    """A real worker in a real process, to which something happens at each file.

    Args:
        trouble: called with the worker and the path when a file's decoding begins.
    """

    def __init__(self, trouble: Callable[[Troubled, Path], None]) -> None:
        made = worker_module.new_worker()
        super().__init__(made._sandbox, decoder="pyav", max_pixels=made._max_pixels)
        self._trouble = trouble

    def extract(self, path: Path, info: MediaInfo, sampling: Sampling) -> Iterator[Item]:
        items = list(super().extract(path, info, sampling))
        self._trouble(self, path)
        yield from items


def ingest(
    library: Library,
    *,
    trouble: Callable[[Troubled, Path], None] = lambda _worker, _path: None,
    progress: Callable[[Progress], None] = lambda _: None,
    attend: Callable[[Ingest], None] = lambda _: None,
    encoder: str = "fake",
    new_worker: Callable[[], DecodeWorker] | None = None,
) -> Ingest:
    return Ingest(
        library,
        encoder,
        load=lambda name, _arithmetic, _digest: FakeEncoder(name=name),
        decoding=Decoding(Sampling(), 1, new_worker or (lambda: Troubled(trouble))),
        progress=progress,
        attend=attend,
    )


def run(corridor: Ingest, *roots: Path, confirm: bool = True) -> Report:
    return corridor.index(roots, scan(roots), confirm=confirm)


def failures(library: Library) -> list[tuple[str, str, int]]:
    with library.read() as connection:
        rows = failure_rows.failures(connection).values()
    return [(row.path.name, row.state, row.attempts) for row in rows]


def jpeg(colour: str) -> bytes:
    """A small picture of one colour."""
    buffer = io.BytesIO()
    Image.new("RGB", (32, 32), COLOURS[colour]).save(buffer, "JPEG")
    return buffer.getvalue()


def task_of(library: Library, path: Path) -> DecodeTask:
    """What the reconciler would give to the decoder for a file as it is now."""
    status = path.stat()
    event = FileEvent(path, status.st_size, status.st_mtime_ns)
    return DecodeTask(event, partial_hash(path), MountedVolumes(library).volume_id(path), path.parent)


def decoded_file(library: Library, task: DecodeTask, *colours: str, first_look: bool = False) -> DecodedFile:
    """A file as the decoder hands it over: its frames lie in the cache, a second apart."""
    path, count = task.event.path, len(colours)
    content = full_hash(path)
    with library.frames.new_blob() as blob:
        for colour in colours:
            blob.add(jpeg(colour))
        name = blob.finish(content=content)
    return DecodedFile(
        task,
        Identity(task.event.size, task.partial_hash, None if first_look else content),
        MediaInfo(float(count), 32, 32, 25.0, "h264", 0, "mov", 0),
        Segmentation(float(count), (), (Segment(0.0, float(count), 0, count),)),
        name,
        library.frames.size(name),
        tuple(map(float, range(count))),
        (),
    )


def record(library: Library, path: Path, *colours: str, copies: tuple[Path, ...] = ()) -> Unembedded:
    """Write a file of this content, and record it as decoded into pictures of these colours."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(path.name.encode() + b" ".join(colour.encode() for colour in colours))
    for copy in copies:
        copy.write_bytes(path.read_bytes())
    file = decoded_file(library, task_of(library, path), *colours)
    recording = RecordDecoded(file, "sampling", tuple(task_of(library, copy) for copy in copies))
    with library.write() as connection:
        video = recording.apply(connection)
    library.frames.settle(file.frame_file)
    return video
