"""One pass over the files of some roots: each is decided on, decoded, recorded and embedded, in this order.

Decoding runs in threads with a bounded process each; deciding, embedding and all writing run in the
caller's thread. What is decoded is recorded at once (its frames are on disk), what is embedded becomes
visible in batches.
"""

from __future__ import annotations

import contextlib
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from mediaindex.errors import MediaError, MediaIndexError
from mediaindex.ingest.effect_writer import EffectWriter
from mediaindex.ingest.embedder import Embedder, VisibleVideos
from mediaindex.ingest.eta import EtaEstimator
from mediaindex.ingest.pools.file_reading import (
    BrokenFile,
    DecodedFile,
    Decoding,
    FileResult,
    PoolHalt,
    ProbedFile,
    Reading,
    Result,
    look_once,
    read_headers,
)
from mediaindex.ingest.pools.threads import DecodePool
from mediaindex.ingest.progress import Outlook, Progress, Report, Stage, failed_row
from mediaindex.ingest.reconcile.claims import Claims
from mediaindex.ingest.reconcile.decision import Decision, DecodeTask
from mediaindex.ingest.reconcile.in_flight import InFlight
from mediaindex.ingest.reconcile.reconciler import Reconciler
from mediaindex.ingest.recorder import FileOutcome, current_event, outcome_of
from mediaindex.media import CloudPlaceholder, FileEvent, UnreadablePath
from mediaindex.sources.content_hash import full_hash
from mediaindex.sources.scan import Sighting
from mediaindex.store import commit
from mediaindex.store.catalog import first_looks, locations, videos
from mediaindex.store.catalog.failures import Failure
from mediaindex.store.catalog.locations import Location
from mediaindex.store.library import Library

SECONDS_OF_AN_OUTLOOK = 1.0
MANY_FILES = 32
"""From so many new files on, each gets a first look before any is decoded in full."""
AHEAD_A_JOB = 3
"""Files that are decided on ahead of the decoder, for each of its threads."""

IN_THE_CLOUD = "its content is in the cloud; have it downloaded to index it"


@dataclass(frozen=True, slots=True)
class Corridor:
    """What the passes of one writer share.

    Attributes:
        progress: told where a pass stands.
        attend: called between steps, at least every second; other processes' requests, and passes within
            the pass, are carried out there.
    """

    library: Library
    decoding: Decoding
    embedder: Embedder
    claims: Claims
    progress: Callable[[Progress], None]
    attend: Callable[[], None]

    def complete_space(self) -> None:
        """Embed every video that lacks vectors, then let the space serve."""
        self.embedder.complete(
            self.attend, lambda done, total: self.progress(Progress("embedding", done, total))
        )


class IndexPass:
    """Carries out what the reconciler decides and what the recorder answers, and counts it.

    Attributes:
        seen: paths that the scan found. in_flight: contents on their way to the decoder.
    """

    def __init__(self, corridor: Corridor, reconciler: Reconciler) -> None:
        self.report = Report()
        self._visible = VisibleVideos()
        self._corridor = corridor
        self._library = corridor.library
        self._embedder = corridor.embedder
        self._reconciler = reconciler
        self.in_flight = InFlight()
        self.seen: set[Path] = set()
        self._moved_from: set[Path] = set()
        self._known_failures: list[dict[str, str]] = []
        self._unreadable: list[dict[str, str]] = []
        self._unreadable_paths: list[dict[str, str]] = []
        self._in_the_cloud: list[dict[str, str]] = []
        self._effects = EffectWriter(corridor.library, corridor.embedder)
        self._sampling = repr(corridor.decoding.sampling)
        self._eta: EtaEstimator | None = None
        self._outlook_at: tuple[float, Outlook] | None = None

    # The steps of a pass

    def undecided(self, sightings: Iterable[Sighting]) -> list[FileEvent]:
        """Carry out what path, size and mtime decide; returns the files whose content must be looked at."""
        to_examine = []
        for decision in map(self._reconciler.decide_by_stat, self._files(sightings)):
            self.report.videos += 1
            if decision.event.path not in self.seen:
                self.carry_out(decision)
                if decision.kind == "examine":
                    to_examine.append(decision.event)
            if self.report.videos % 100 == 0:
                self._corridor.progress(Progress("scanning", self.report.videos, None))
                # A pass within this one may decide on the same files, which are not claimed yet. A later
                # write would undo what it notes, so everything is written before.
                self._effects.flush()
                self._corridor.attend()
        self._effects.flush()
        return to_examine

    def _files(self, sightings: Iterable[Sighting]) -> Iterator[FileEvent]:
        """The files that a scan meets; what cannot be read, or is in a cloud, is kept for the report."""
        for sighting in sightings:
            match sighting:
                case FileEvent():
                    yield sighting
                case UnreadablePath(path, reason):
                    self._unreadable_paths.append(failed_row(path, "read", reason))
                    note = self._reconciler.note_unreadable_folder(path, reason)
                    self._effects.defer(FileEvent(path), note)
                case CloudPlaceholder(path):
                    self._in_the_cloud.append({"path": str(path), "reason": IN_THE_CLOUD})

    def look_first(self, events: Sequence[FileEvent]) -> list[DecodeTask]:
        """Record the headers, then one frame of each file, newest first; returns the decode tasks."""
        newest = sorted(events, key=lambda event: -event.mtime_ns)
        tasks = self.read(newest, "reading headers", read_headers)
        with self._library.read() as connection:
            looked_at = first_looks.paths_looked_at(connection, [task.event.path for task in tasks])
        self.read([task for task in tasks if task.event.path not in looked_at], "first looks", look_once)
        self._embedder.drain(self._corridor.attend)
        failed = {row["path"] for row in self.report.failed}
        with self._library.read() as connection:
            media_seconds = first_looks.unread_seconds(connection)
        spec = self._embedder.batcher.encoder.spec
        vector_bytes = 2 * spec.dim + 2 * (spec.evidence_dim or 0) + 16
        self._eta = EtaEstimator(media_seconds, vector_bytes=vector_bytes)
        return [task for task in tasks if str(task.event.path) not in failed]

    def read(
        self,
        files: Sequence[FileEvent | DecodeTask],
        stage: Stage = "indexing",
        reading: Reading | None = None,
    ) -> list[DecodeTask]:
        """Read files, in this order as far as several decoders allow, and carry out what comes of each.

        Args:
            files: events, on which is decided at their turn, or tasks.
            reading: how to read them; None decodes them in full. Only then the report counts as indexed what
                becomes visible.

        Returns:
            Files of which only the headers were read.
        """
        if not files:
            return []
        commit.unsettle(self._library)
        claims = self._corridor.claims
        paths = {_event_of(file).path for file in files}
        claims.claim(paths)
        try:
            with (
                DecodePool(self._library.frames, self._corridor.decoding, reading) as pool,
                # A first look is no indexed video yet.
                self._embedder.counting(self._visible if reading is None else VisibleVideos()),
            ):
                return self._drive(pool, files, stage)
        except KeyboardInterrupt:
            with contextlib.suppress(MediaIndexError):  # the next pass does what is not written now
                self._effects.flush()
                self._embedder.flush()
            raise
        finally:
            claims.release(paths)

    def _drive(
        self, pool: DecodePool, files: Sequence[FileEvent | DecodeTask], stage: Stage
    ) -> list[DecodeTask]:
        """The loop that carries decisions to the decoder and its results to the catalog."""
        ahead = AHEAD_A_JOB * self._corridor.decoding.jobs
        waiting = deque(files)
        probed: list[DecodeTask] = []
        while waiting or pool.in_flight:
            if waiting and pool.in_flight < ahead:
                self._decide(waiting.popleft(), pool)
            if pool.in_flight:
                result = self._next_result(pool, wait=pool.in_flight >= ahead or not waiting)
                if result is not None:
                    waiting += self._record(result).requeued
                if isinstance(result, ProbedFile):
                    probed.append(result.task)
            if self._embedder.is_open:
                self._embedder.step(partial=self._embedder.is_idle)
            self._effects.flush_old()
            self._report_progress(stage, len(files) - len(waiting) - pool.in_flight, len(files))
            self._corridor.attend()
        return probed

    def embed_missing(self) -> None:
        """Embed every video that lacks vectors in the space, then let the space serve."""
        with self._embedder.counting(self._visible):
            self._corridor.complete_space()
        self.report.indexed = self._visible.count

    def confirm(self) -> None:
        """Check with the full hash what size and partial hash identified; index what differs."""
        with self._library.read() as connection:
            unconfirmed = locations.unconfirmed(connection)
        different: list[DecodeTask] = []
        for number, location in enumerate(unconfirmed):
            progress = Progress("confirming", number, len(unconfirmed), path=location.path)
            self._corridor.progress(progress)
            task = self._confirmation(location)
            if task is not None:
                different.append(task)
            self._corridor.attend()
        if different:
            self.read(different)
            self.embed_missing()

    def note_absences(self) -> bool:
        """Note which known files are gone; returns whether any vanished since the last pass."""
        self._effects.flush()
        vanished = False
        for absences in self._reconciler.absences(self.seen, self._moved_from):
            self.report.offline += absences.offline
            self._effects.write_all(absences.effects)
            vanished |= absences.vanished
            self._corridor.attend()
        return vanished

    def finish_report(self) -> Report:
        """The report, with what was not read beside what broke in this pass."""
        report = self.report
        for failure in self._effects.take_refused():
            self._note_refused(failure)
        not_embedded = self._embedder.take_failed()
        report.failed += [row for row in not_embedded if Path(row["path"]) in self.seen]
        report.failed += self._known_failures + self._unreadable
        report.videos -= len(report.skipped) + len(report.failed)
        # What follows was never counted as a video.
        report.failed += self._unreadable_paths
        report.failed += [row for row in not_embedded if Path(row["path"]) not in self.seen]
        report.skipped += self._in_the_cloud
        report.broke = report.broke or bool(self._unreadable or self._unreadable_paths or not_embedded)
        return report

    # One file

    def _decide(self, file: FileEvent | DecodeTask, pool: DecodePool) -> None:
        """Decide on a file as it is at its turn, which can be days after the scan; a task is decided on."""
        if isinstance(file, DecodeTask):
            pool.submit(file)
        elif (event := current_event(file)) is not None:
            self.carry_out(self._reconciler.decide_by_content(event, self.in_flight), pool.submit)

    def carry_out(self, decision: Decision, submit: Callable[[DecodeTask], None] | None = None) -> None:
        """Write the effects of a decision, count it, and submit its task.

        Args:
            submit: takes the first task of each content; the others wait for its outcome. Not needed for a
                decision by stat, which has no task.
        """
        path = decision.event.path
        if decision.cause == "being read":
            self._corridor.claims.leave_alone([path])
            return
        if decision.cause == "gone":
            self.seen.discard(path)
            self.report.videos -= 1
            return
        self.seen.add(path)
        if decision.moved_from is not None:
            self._moved_from.add(decision.moved_from)
        if decision.kind in ("moved", "copy") or decision.cause == "unreadable":
            self._effects.flush()
            if self._note_refused(self._effects.write(decision.event, decision.effects)):
                return
        else:
            self._effects.defer(decision.event, decision.effects)
        self._count(decision)
        if decision.task is not None and self.in_flight.join(decision.task):
            assert submit is not None
            submit(decision.task)

    def _count(self, decision: Decision) -> None:
        report, failure = self.report, decision.failure
        report.unchanged += decision.kind == "known"
        report.moved += decision.kind == "moved"
        report.copies += decision.kind == "copy"
        if decision.cause == "no film":
            report.skipped.append({"path": str(decision.event.path), "reason": decision.reason})
        elif decision.cause == "failed before" and failure is not None:
            self._known_failures.append(failed_row(failure.path, failure.stage, failure.reason))
        elif decision.cause == "unreadable":
            self._unreadable.append(failed_row(decision.event.path, "read", decision.reason))

    def _next_result(self, pool: DecodePool, *, wait: bool) -> FileResult | None:
        """A result of the pool; None where none came in time.

        Raises:
            MediaIndexError: what halted the decoding of everything.
        """
        result: Result | None = pool.get(0.2 if wait and not self._embedder.has_full_batch else 0.0)
        if isinstance(result, PoolHalt):
            raise result.error
        return result

    def _record(self, result: FileResult) -> FileOutcome:
        """Write the effects of a result, and count it."""
        task = result.task
        is_unfinished = isinstance(result, ProbedFile) or (
            isinstance(result, DecodedFile) and result.is_first_look
        )
        alike = (task,) if is_unfinished else self.in_flight.settle(task)
        outcome = outcome_of(result, alike, sampling=self._sampling, failures=self._reconciler.failures)
        try:
            refused = self._effects.write(task.event, outcome.effects)
        finally:
            if isinstance(result, DecodedFile):
                # The transaction is over: either a row names the frames now, or none ever will.
                self._library.frames.settle(result.frame_file)
                commit.remove_unowned(self._library, result.frame_file)
        self._corridor.claims.release(outcome.finished)
        if self._note_refused(refused):
            return FileOutcome((), outcome.finished, outcome.requeued)
        if isinstance(result, DecodedFile) and not result.is_first_look:
            self._count_decoded(result)
        report = self.report
        report.copies += outcome.copies
        report.skipped += [{"path": str(path), "reason": reason} for path, reason in outcome.skipped]
        report.failed += [failed_row(f.path, f.stage, f.reason) for f in outcome.failed]
        report.broke = report.broke or isinstance(result, BrokenFile)
        return outcome

    def _note_refused(self, failure: Failure | None) -> bool:
        """Report a file that the catalog could not hold, if it is one."""
        if failure is None:
            return False
        self.report.failed.append(failed_row(failure.path, failure.stage, failure.reason))
        self.report.broke = True
        return True

    def _count_decoded(self, file: DecodedFile) -> None:
        report, media_seconds = self.report, file.segmentation.duration_seconds
        report.decoded += 1
        report.frames += len(file.seconds)
        report.segments += len(file.segmentation.segments)
        report.media_seconds += media_seconds
        if self._eta is not None:
            self._eta.add(media_seconds, frames=len(file.seconds), blob_bytes=file.blob_bytes)

    def _confirmation(self, location: Location) -> DecodeTask | None:
        """Check one location against the full hash; returns a task where it differs."""
        assert location.content is not None
        try:
            event = FileEvent.of(location.path, location.path.stat())
            content = full_hash(location.path, cancelled=self._attend_while_hashing)
        except (OSError, MediaError):
            return None  # gone or unreadable for now: the next scan says what it is
        if (event.size, event.mtime_ns) != (location.size, location.mtime_ns):
            return None
        with self._library.write() as connection:
            known = videos.identity_of(connection, location.content)
            if known.hash == content:
                locations.update_location(connection, location.id, confirmed=True)
                return None
        root = self._reconciler.root_of(location.path)
        return DecodeTask(event, known.partial_hash, location.volume_id, root)

    def _attend_while_hashing(self) -> bool:
        """Take a turn for others within a long file; False, so that the hashing goes on."""
        self._corridor.attend()
        return False

    # Progress

    def _report_progress(self, stage: Stage, done: int, total: int) -> None:
        media_seconds = self.report.media_seconds
        self._corridor.progress(Progress(stage, done, total, media_seconds, outlook=self._outlook()))

    def _outlook(self) -> Outlook | None:
        """The ETA, at most once a second: its counts read every video's row."""
        if self._eta is None:
            return None
        if self._outlook_at is None or time.monotonic() - self._outlook_at[0] > SECONDS_OF_AN_OUTLOOK:
            with self._library.read() as connection:
                share = first_looks.searchable_share(connection)
            self._outlook_at = (time.monotonic(), self._eta.outlook(share))
        return self._outlook_at[1]


def _event_of(file: FileEvent | DecodeTask) -> FileEvent:
    return file.event if isinstance(file, DecodeTask) else file
