"""A pass over the catalog without a decoder: decisions are carried out, tasks for the decoder are given."""

from __future__ import annotations

import secrets
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

from mediaindex.decode.sampling.policy import Sampling
from mediaindex.ingest.embedder import Embedder
from mediaindex.ingest.index_pass import Corridor, IndexPass
from mediaindex.ingest.pools.file_reading import Decoding
from mediaindex.ingest.reconcile import deletion_guard
from mediaindex.ingest.reconcile.claims import Claims
from mediaindex.ingest.reconcile.decision import ContentKey, Decision, DecodeTask
from mediaindex.ingest.reconcile.mounted_volumes import recognise
from mediaindex.ingest.reconcile.reconciler import Reconciler
from mediaindex.media import FileEvent, MediaInfo, Segment, Segmentation
from mediaindex.sources.content_hash import full_hash, partial_hash
from mediaindex.sources.places.volumes import volume_of
from mediaindex.store.catalog import locations, volumes
from mediaindex.store.catalog import videos as video_rows
from mediaindex.store.catalog.failures import Failure
from mediaindex.store.catalog.videos import Identity
from mediaindex.store.library import Library

DECODER = "one"
INFO = MediaInfo(6.0, 64, 48, 25.0, "h264", 0, "mov", 0)
OUTLINE = Segmentation(2.0, (), (Segment(0.0, 2.0, 0, 1),))


@dataclass(frozen=True, slots=True)
class Findings:
    """What the decisions of a pass come to."""

    unchanged: int
    moved: int
    copies: int
    offline: int
    forgotten: int
    held: list[Path]
    known_failures: list[Failure]
    unreadable: list[tuple[Path, str]]


class CatalogPass:
    """The pipeline's own pass; nothing is ever decoded."""

    def __init__(self, library: Library, roots: Sequence[Path], *, decoder: str, **options: Any) -> None:
        recognise(library)
        self.library = library
        self.roots = roots
        self.reconciler = Reconciler(library, roots, decoder=decoder, **options)
        embedder = Embedder(library, "none", load=_never)
        decoding = Decoding(Sampling(), 1, _never)
        corridor = Corridor(library, decoding, embedder, Claims(), lambda _: None, lambda: None)
        self.run = IndexPass(corridor, self.reconciler)
        self.decisions: list[Decision] = []
        self.held: list[Path] = []

    def task(self, event: FileEvent) -> DecodeTask | None:
        """What goes to the decoder of a file, after all that is decided on it was carried out."""
        if event.path in self.seen:
            return None
        decision = self.reconciler.decide_by_stat(event)
        if decision.kind == "examine":
            self.run.carry_out(decision)
            self.decisions.append(decision)
            decision = self.reconciler.decide_by_content(event, self.run.in_flight)
        self.decisions.append(decision)
        tasks: list[DecodeTask] = []
        self.run.carry_out(decision, tasks.append)
        return tasks[0] if tasks else None

    def finish(self) -> None:
        """The end of a pass: what is gone is noted."""
        vanished = self.run.note_absences()
        self.held = deletion_guard.review(self.library, self.roots, time.time(), vanished=vanished)

    def settled(self, task: DecodeTask) -> list[DecodeTask]:
        return list(self.run.in_flight.settle(task))

    @property
    def on_the_way(self) -> dict[ContentKey, list[DecodeTask]]:
        return dict(self.run.in_flight.tasks)

    @property
    def seen(self) -> set[Path]:
        return self.run.seen

    @property
    def findings(self) -> Findings:
        report = self.run.report
        return Findings(
            report.unchanged,
            report.moved,
            report.copies,
            report.offline,
            forgotten=sum(decision.cause == "forgotten" for decision in self.decisions),
            held=self.held,
            known_failures=[d.failure for d in self.decisions if d.cause == "failed before" and d.failure],
            unreadable=[(d.event.path, d.reason) for d in self.decisions if d.cause == "unreadable"],
        )


def _never(*_: object) -> NoReturn:
    raise AssertionError("nothing is decoded or embedded here")


def event(path: Path) -> FileEvent:
    status = path.stat()
    return FileEvent(path, status.st_size, status.st_mtime_ns)


def written(path: Path, content: bytes) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


def learn(opened: Library, path: Path) -> int:
    """Record a file as decoded and visible."""
    seen = volume_of(path)
    with opened.write() as connection:
        where = volumes.ensure_volume(
            connection, uid=seen.uid, label=seen.label, mount_point=seen.mount_point
        )
        identity = Identity(path.stat().st_size, partial_hash(path), full_hash(path))
        video_id = video_rows.ensure_video(connection, identity, INFO, 2.0)
        video_rows.add_extraction(
            connection,
            video_id,
            frame_file=f"aa/{secrets.token_hex(8)}.mif",
            decoder=DECODER,
            sampling="",
            seconds=[0.0],
            outline=OUTLINE,
        )
        locations.place(
            connection,
            path,
            volume_id=where,
            video_id=video_id,
            next_video_id=None,
            size=path.stat().st_size,
            mtime_ns=path.stat().st_mtime_ns,
            confirmed=True,
            missing_since=None,
        )
    return video_id


def automatic(opened: Library, root: Path, **more: Any) -> CatalogPass:
    """A finished pass that nobody asked for."""
    reconciler = CatalogPass(opened, [root], decoder=DECODER, automatic=True, **more)
    for path in sorted(root.rglob("*")) if root.is_dir() else [root]:
        if path.is_file():
            reconciler.task(event(path))
    reconciler.finish()
    return reconciler
