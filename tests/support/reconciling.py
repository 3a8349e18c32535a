"""A pass over the catalog without a decoder: decisions are carried out, tasks for the decoder are given."""

from __future__ import annotations

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
from mediaindex.media import FileEvent
from mediaindex.store.catalog.failures import Failure
from mediaindex.store.library import Library


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
        embedder = Embedder(library, "none", load=_never, ann_rows=1)
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
        return self.run.carry_out(decision)

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
