"""The write corridor with a fake encoder, and a decoder to which something happens at each file."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

from mediaindex.decode import worker as worker_module
from mediaindex.decode.sampling.policy import Sampling
from mediaindex.decode.worker import DecodeWorker
from mediaindex.ingest.pipeline import Ingest
from mediaindex.ingest.pools.file_reading import Decoding
from mediaindex.ingest.progress import Progress, Report
from mediaindex.media import (
    Cue,
    MediaInfo,
    Position,
    SampledFrame,
    Segmentation,
)
from mediaindex.sources.scan import scan
from mediaindex.store.catalog import failures as failure_rows
from mediaindex.store.library import Library
from tests.support.fake_encoder import FakeEncoder

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
        load=lambda name: FakeEncoder(name=name),
        decoding=Decoding(Sampling(), 1, new_worker or (lambda: Troubled(trouble))),
        ann_rows=1_000_000,
        progress=progress,
        attend=attend,
    )


def run(corridor: Ingest, *roots: Path, confirm: bool = True) -> Report:
    return corridor.index(roots, scan(roots), confirm=confirm)


def failures(library: Library) -> list[tuple[str, str, int]]:
    with library.read() as connection:
        rows = failure_rows.failures(connection).values()
    return [(row.path.name, row.state, row.attempts) for row in rows]
