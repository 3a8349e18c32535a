"""The write corridor for many files: scan → decide → decode → record → embed → commit → confirm."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

from mediaindex.decode.worker import DECODER_VERSION
from mediaindex.ingest import index_pass
from mediaindex.ingest.embedder import Embedder, LoadEncoder, VisibleVideos
from mediaindex.ingest.index_pass import Corridor, IndexPass
from mediaindex.ingest.pools.file_reading import Decoding
from mediaindex.ingest.progress import Progress, Report
from mediaindex.ingest.reconcile import deletion_guard
from mediaindex.ingest.reconcile.claims import Claims
from mediaindex.ingest.reconcile.mounted_volumes import recognise
from mediaindex.ingest.reconcile.reconciler import Reconciler
from mediaindex.ingest.sidecar_index import refresh_sidecars
from mediaindex.sources.scan import Sighting
from mediaindex.store import commit
from mediaindex.store.library import Library


class Ingest:
    """Brings one library up to date, one pass after or within another. Use it only with the lock held.

    Args:
        encoder: name of the encoder whose space is to be complete; it serves from then on.
        load: gives the encoder of a name, in an arithmetic; called only when there is something to embed.
        progress, attend: see `Corridor`.
    """

    def __init__(
        self,
        library: Library,
        encoder: str,
        *,
        load: LoadEncoder,
        decoding: Decoding,
        progress: Callable[[Progress], None] = lambda _: None,
        attend: Callable[[Ingest], None] = lambda _: None,
    ) -> None:
        self.library = library
        self.claims = Claims()
        self.embedder = Embedder(library, encoder, load=load)
        self._corridor = Corridor(
            library, decoding, self.embedder, self.claims, progress, lambda: attend(self)
        )

    @property
    def encoder(self) -> str:
        """Name of the encoder whose space is filled."""
        return self.embedder.encoder

    def index(
        self,
        roots: Sequence[Path],
        sightings: Iterable[Sighting],
        *,
        sources: Sequence[Path] = (),
        automatic: bool = False,
        confirm: bool = True,
        redecode: bool = False,
        looks_first: bool = False,
    ) -> Report:
        """Bring the library up to date with the files of `roots`.

        Args:
            roots: what the scan covers. sightings: what it yields.
            sources: the watched roots, where `roots` are parts of them.
            automatic: whether the watcher began this pass, see `Reconciler`.
            looks_first: where much is new, read the headers of all files, then one frame of each, newest
                first, before any is decoded in full, so that everything can soon be found.
            confirm: check with the full hash what size and partial hash identified.
            redecode: decode also what is known.

        Raises:
            NoSpace: the disk is full; what was committed stays, the rest is done by the next run.
        """
        began = time.monotonic()
        run = self._new_pass(roots, sources=sources, automatic=automatic, redecode=redecode)
        files = run.undecided(sightings)
        if looks_first and len(files) >= index_pass.MANY_FILES:
            run.read(run.look_first(files))
        else:
            run.read(files)
        vanished = run.note_absences()
        deletion_guard.review(self.library, roots, time.time(), vanished=vanished)
        refresh_sidecars(self.library, roots, run.seen, self._corridor.attend)
        run.embed_missing()
        if confirm:
            run.confirm()
        commit.sweep(self.library)
        self.embedder.tidy()
        return _timed(run.finish_report(), began)

    def confirm(self, roots: Sequence[Path]) -> Report:
        """Read in full what size and partial hash identified, and index what differs."""
        began = time.monotonic()
        run = self._new_pass(roots, automatic=True)
        run.confirm()
        commit.sweep(self.library)
        return _timed(run.report, began)

    def use(self, encoder: str, *, renew: bool = False) -> Report:
        """Embed all that is cached with another encoder, without decoding, then let it serve.

        Videos that still wait for the previous encoder are embedded with the new one too.

        Args:
            renew: see `Embedder.use`.
        """
        began = time.monotonic()
        self.embedder.use(encoder, renew=renew)
        visible = VisibleVideos()
        with self.embedder.counting(visible):
            self._corridor.complete_space()
        failed = self.embedder.take_failed()
        report = Report(indexed=visible.count, failed=failed, broke=bool(failed))
        commit.sweep(self.library)
        return _timed(report, began)

    def flush(self) -> None:
        """Make visible what is embedded, since another process waits for it."""
        self.embedder.flush()

    def released(self) -> list[Path]:
        """Files that a pass left alone while another was reading them, which has ended; each only once."""
        return self.claims.take_released()

    def _new_pass(self, roots: Sequence[Path], **options: Any) -> IndexPass:
        recognise(self.library)
        claimed = self.claims.claimed()
        reconciler = Reconciler(self.library, roots, decoder=DECODER_VERSION, claimed=claimed, **options)
        return IndexPass(self._corridor, reconciler)


def _timed(report: Report, began: float) -> Report:
    return dataclasses.replace(report, elapsed_seconds=time.monotonic() - began)
