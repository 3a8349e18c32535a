"""The write corridor for many files: scan → reconcile → decode → embed → commit → confirm.

Decoding runs in threads with a bounded process each, embedding and all writing in the caller's
thread. What is decoded is recorded at once (its frames are on disk), what is embedded becomes visible
in batches: 32 videos, 20 000 vectors or 10 s, whichever comes first.
"""

from __future__ import annotations

import logging
import time
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from mediaindex.decode.worker import DECODER_VERSION
from mediaindex.embed.encoder import Encoder
from mediaindex.errors import MediaError
from mediaindex.ingest.eta import EtaEstimator
from mediaindex.ingest.frame_batcher import FrameBatcher
from mediaindex.ingest.pools.file_reading import (
    Decoding,
    Reading,
    look_once,
    read_headers,
)
from mediaindex.ingest.pools.threads import DecodePool
from mediaindex.ingest.progress import (
    Outlook,
    Progress,
    Report,
    Stage,
    failed_row,
)
from mediaindex.ingest.reconcile.reconciler import DecodeTask, Reconciler
from mediaindex.ingest.recorder import Recorder, as_it_is_now
from mediaindex.ingest.sidecar_index import refresh_sidecars
from mediaindex.media import FileEvent
from mediaindex.sources.content_hash import full_hash
from mediaindex.store import commit
from mediaindex.store.catalog import (
    first_looks,
    locations,
    videos,
)
from mediaindex.store.catalog.locations import Location
from mediaindex.store.commit import Embedded
from mediaindex.store.library import Library
from mediaindex.store.maintenance import housekeeping
from mediaindex.store.vectors import spaces
from mediaindex.store.vectors.spaces import Space, Unembedded

logger = logging.getLogger(__name__)

VIDEOS_A_COMMIT = 32
VECTORS_A_COMMIT = 20_000
SECONDS_A_COMMIT = 10.0
SECONDS_OF_AN_OUTLOOK = 1.0
# Frames wait so long for others to share a batch with.
SECONDS_TO_A_FULL_BATCH = 2.0
# From so many new files on, all of them are looked at before any is decoded in full.
MANY_FILES = 32
# Files looked at before their turn to be decoded, for each decoder.
AHEAD_A_JOB = 3


class Ingest:
    """The one that writes: holds the lock's work together for `index`, `models use` and requests.

    Args:
        encoder: name of the encoder whose space is to be complete; it serves from then on.
        load: gives the encoder of a name; called only when there is something to embed.
        ann_rows: vectors above which the space gets an approximate index.
        attend: called between steps, at least every second; other processes' requests are
            carried out there. `flush` is called first where one waits.
    """

    def __init__(
        self,
        library: Library,
        encoder: str,
        *,
        load: Callable[[str], Encoder],
        decoding: Decoding,
        ann_rows: int,
        progress: Callable[[Progress], None] = lambda _: None,
        attend: Callable[[Ingest], None] = lambda _: None,
    ) -> None:
        self.library = library
        self.decoding = decoding
        self.ann_rows = ann_rows
        self.progress = progress
        self.attend = attend
        # Shared with the recorder; only ever changed in place.
        self.claimed: set[Path] = set()
        self._left_alone: set[Path] = set()
        self.wanted = encoder
        self._load = load
        self._ready: list[Embedded] = []
        self._since = self._fed = time.monotonic()
        self._opened: tuple[Space, FrameBatcher] | None = None
        self._outlook_was: tuple[float, Outlook] | None = None
        self._recorder = Recorder(library, decoding, self.claimed, self._feed)

    @property
    def space(self) -> Space:
        """The space that is being filled."""
        return self._open()[0]

    @property
    def batcher(self) -> FrameBatcher:
        """Where frames wait for their vectors."""
        return self._open()[1]

    def _open(self) -> tuple[Space, FrameBatcher]:
        """Load the encoder, which takes seconds, when the first frame needs it."""
        if self._opened is None:
            encoder = self._load(self.wanted)
            self._opened = self._space_of(encoder), FrameBatcher(encoder, self.library.frames)
        return self._opened

    def _space_of(self, encoder: Encoder) -> Space:
        spec = encoder.spec
        with self.library.write() as connection:
            return spaces.ensure_space(
                connection,
                encoder=spec.name,
                digest=spec.digest,
                preprocessing=spec.preprocessing,
                dim=spec.dim,
                evidence_dim=spec.evidence_dim,
                blend=spec.blend,
            )

    # One pass

    def index(
        self,
        roots: Sequence[Path],
        events: Iterable[FileEvent],
        *,
        sources: Sequence[Path] = (),
        automatic: bool = False,
        confirm: bool = True,
        redecode: bool = False,
        looks_first: bool = False,
        unreadable: Sequence[tuple[Path, str]] = (),
    ) -> Report:
        """Bring the library up to date with the files of `roots`.

        Args:
            roots: what the scan covers. events: what it yields.
            sources: the watched roots in which that lies, where it is less than they.
            automatic: nobody asked for this pass, see `Reconciler`.
            looks_first: where much is new, read names and headers of all, then one frame of each, newest
                first, before any is decoded in full, so that all of it can soon be found.
            confirm: check with the full hash what was believed by size and partial hash.
            unreadable: filled by the scan while it runs: folders that could not be read.

        Raises:
            NoSpace: the disk is full; what was committed stays, the rest is done by the next run.
        """
        began = time.monotonic()
        report = Report()
        reconciler = Reconciler(
            self.library,
            roots,
            sources=sources,
            decoder=DECODER_VERSION,
            automatic=automatic,
            redecode=redecode,
            claimed=self.claimed,
        )
        todo: Sequence[FileEvent | DecodeTask] = self._open_files(reconciler, events, report)
        outer, self._recorder.forecast = self._recorder.forecast, None
        self._outlook_was = None
        try:
            if looks_first and len(todo) >= MANY_FILES:
                todo = self._look_first(reconciler, todo, report)
            self._read(reconciler, todo, report)
        finally:
            self._recorder.forecast = outer
        reconciler.finish()
        self._left_alone |= reconciler.left_alone
        refresh_sidecars(self.library, roots)
        self._embed_missing(report)
        if confirm:
            self._confirm(reconciler, report)
        self._finish(reconciler, report, unreadable)
        report.elapsed_seconds = time.monotonic() - began
        return report

    def confirm(self, roots: Sequence[Path]) -> Report:
        """Read in full what was believed by size and partial hash, and index what differs."""
        began = time.monotonic()
        report = Report()
        reconciler = Reconciler(
            self.library, roots, decoder=DECODER_VERSION, automatic=True, claimed=self.claimed
        )
        self._confirm(reconciler, report)
        commit.sweep(self.library)
        report.elapsed_seconds = time.monotonic() - began
        return report

    def released(self) -> list[Path]:
        """Files that a pass left alone while another was reading them, which is over; each is told once."""
        free = self._left_alone - self.claimed
        self._left_alone -= free
        return sorted(free)

    def _open_files(
        self, reconciler: Reconciler, events: Iterable[FileEvent], report: Report
    ) -> list[FileEvent]:
        """Files of which path, size and mtime do not tell all."""
        found = []
        for event in events:
            report.videos += 1
            if reconciler.is_open(event):
                found.append(event)
            if report.videos % 100 == 0:
                self.progress(Progress("scanning", report.videos, None))
                self.attend(self)
        return found

    def _look_first(
        self, reconciler: Reconciler, todo: Sequence[FileEvent | DecodeTask], report: Report
    ) -> list[DecodeTask]:
        """Names and headers, then one frame of each, newest first; the work that is left after it."""
        newest = sorted(todo, key=lambda item: -_event_of(item).mtime_ns)
        self._recorder.probed = []
        self._read(reconciler, newest, report, "reading headers", read_headers)
        work, self._recorder.probed = self._recorder.probed, []
        with self.library.read() as connection:
            seen = first_looks.paths_looked_at(connection, [item.event.path for item in work])
        unseen = [item for item in work if item.event.path not in seen]
        self._read(reconciler, unseen, report, "first looks", look_once)
        self._drain(None)
        failed = {row["path"] for row in report.failed}
        work = [item for item in work if str(item.event.path) not in failed]
        with self.library.read() as connection:
            media = first_looks.unread_seconds(connection)
        spec = self.batcher.encoder.spec
        vector_bytes = 2 * spec.dim + 2 * (spec.evidence_dim or 0) + 16
        self._recorder.forecast = EtaEstimator(media, vector_bytes=vector_bytes)
        return work

    def _read(
        self,
        reconciler: Reconciler,
        todo: Sequence[FileEvent | DecodeTask],
        report: Report,
        stage: Stage = "indexing",
        reading: Reading | None = None,
    ) -> None:
        """Read files, in this order as far as several decoders allow, and record what comes of each.

        Args:
            reading: how; None decodes them in full. Only then what becomes visible counts as indexed.
        """
        if not todo:
            return
        paths = {_event_of(item).path for item in todo}
        self.claimed |= paths
        ahead = AHEAD_A_JOB * self.decoding.jobs
        waiting = deque(todo)
        counted = report if reading is None else None
        try:
            with DecodePool(self.library.frames, self.decoding, reading) as pool:
                while waiting or pool.in_flight:
                    if waiting and pool.in_flight < ahead:
                        item = waiting.popleft()
                        work = item if isinstance(item, DecodeTask) else _look_now(reconciler, item)
                        if work is not None:
                            pool.submit(work)
                    if pool.in_flight:
                        full = pool.in_flight >= ahead or not waiting
                        self._take_result(reconciler, pool, report, wait=full)
                        waiting += reconciler.take_again()
                    if self._opened is not None:
                        self._embed_step(counted, partial=self._is_idle())
                    done = len(todo) - len(waiting) - pool.in_flight
                    self.progress(
                        Progress(stage, done, len(todo), report.media_seconds, outlook=self._outlook())
                    )
                    self.attend(self)
        except KeyboardInterrupt:
            self.flush(counted)
            raise
        finally:
            self.claimed -= paths

    def _take_result(self, reconciler: Reconciler, pool: DecodePool, report: Report, *, wait: bool) -> None:
        full = self._opened is not None and self.batcher.waiting >= self.batcher.size
        result = pool.get(0.2 if wait and not full else 0.0)
        if result is not None:
            self._recorder.record(reconciler, result, report)

    def _feed(self, item: Unembedded) -> None:
        self.batcher.add(item)
        self._fed = time.monotonic()

    def _is_idle(self) -> bool:
        """Whether no frame has come for a while; before, a padded batch would cost as much as a full one."""
        return time.monotonic() - self._fed > SECONDS_TO_A_FULL_BATCH

    def _embed_step(self, report: Report | None, *, partial: bool) -> None:
        self._ready += self.batcher.step(partial=partial)
        vectors = sum(len(item.embeddings.vectors) for item in self._ready)
        late = time.monotonic() - self._since > SECONDS_A_COMMIT
        if len(self._ready) >= VIDEOS_A_COMMIT or vectors >= VECTORS_A_COMMIT or (self._ready and late):
            self.flush(report)

    def flush(self, report: Report | None = None) -> None:
        """Make visible what is embedded."""
        batch, self._ready = self._ready, []
        if batch:
            commit.put(self.library, self.space, batch)
        self._since = time.monotonic()
        if report is not None:
            report.indexed += len(batch)

    def _outlook(self) -> Outlook | None:
        """How the first pass stands, counted anew once a second: the counts read every video's row."""
        forecast = self._recorder.forecast
        if forecast is None:
            return None
        if self._outlook_was is None or time.monotonic() - self._outlook_was[0] > SECONDS_OF_AN_OUTLOOK:
            with self.library.read() as connection:
                share = first_looks.searchable_share(connection)
            self._outlook_was = (time.monotonic(), forecast.outlook(share))
        return self._outlook_was[1]

    # What has frames and no vectors

    def _embed_missing(self, report: Report) -> None:
        """Embed every video that lacks vectors in this space, then let the space serve."""
        if self._opened is None and self._is_complete():
            return
        self._drain(report)
        with self.library.read() as connection:
            missing = spaces.missing_vectors(connection, self.space.id)
        lost = [v for v in missing if self.library.frames.count(v.frame_file) != v.frames]
        if lost:
            logger.warning("%d videos lost their cached frames; the next index decodes them again", len(lost))
            with self.library.write() as connection:
                videos.mark_frames_lost(connection, [video.extraction_id for video in lost])
        todo = [video for video in missing if video not in lost]
        for number, video in enumerate(todo):
            self.batcher.add(video)
            while self.batcher.waiting >= self.batcher.size:
                self._embed_step(report, partial=False)
                self.progress(Progress("embedding", number, len(todo)))
                self.attend(self)
        self._drain(report)
        with self.library.write() as connection:
            spaces.switch_space(connection, self.space.id)

    def _is_complete(self) -> bool:
        """Whether the wanted encoder's space serves already and lacks nothing."""
        with self.library.read() as connection:
            serving = spaces.active_space(connection)
            if serving is None:
                return not videos.cached_frames(connection)
            return serving.encoder == self.wanted and not spaces.missing_vectors(connection, serving.id)

    def _drain(self, report: Report | None) -> None:
        while self.batcher.waiting:
            self._embed_step(report, partial=True)
            self.attend(self)
        self.flush(report)

    # What was believed

    def _confirm(self, reconciler: Reconciler, report: Report) -> None:
        """Read in full what size and partial hash made us believe; what differs is indexed anew."""
        with self.library.read() as connection:
            believed = locations.unconfirmed(connection)
        different: list[DecodeTask] = []
        for number, location in enumerate(believed):
            self.progress(Progress("confirming", number, len(believed), path=location.path))
            work = self._confirm_one(reconciler, location)
            if work is not None:
                different.append(work)
            self.attend(self)
        if different:
            self._read(reconciler, different, report)
            self._embed_missing(report)

    def _confirm_one(self, reconciler: Reconciler, location: Location) -> DecodeTask | None:
        assert location.content is not None
        try:
            stat = location.path.stat()
            found = full_hash(location.path, cancelled=self._goes_on)
        except (OSError, MediaError):
            return None  # gone or unreadable for now: the next scan says what it is
        if (stat.st_size, stat.st_mtime_ns) != (location.size, location.mtime_ns):
            return None
        with self.library.write() as connection:
            known = videos.identity_of(connection, location.content)
            if known.hash == found:
                locations.update_location(connection, location.id, confirmed=True)
                return None
        event = FileEvent(location.path, stat.st_size, stat.st_mtime_ns)
        return DecodeTask(event, known.partial_hash, location.volume_id, reconciler.root_of(location.path))

    def _goes_on(self) -> bool:
        """A turn for others within a long file; nothing is cancelled."""
        self.attend(self)
        return False

    # The end of a pass

    def _finish(self, reconciler: Reconciler, report: Report, unreadable: Sequence[tuple[Path, str]]) -> None:
        commit.sweep(self.library)
        if self._opened is not None and (table := self.library.vectors(self.space)).exists:
            housekeeping.tidy(self.library, self.space)
            table.ensure_index(self.ann_rows)
        findings = reconciler.findings
        report.unchanged, report.moved = findings.unchanged, findings.moved
        report.copies, report.offline = findings.copies, findings.offline
        report.skipped += [{"path": str(path), "reason": reason} for path, reason in findings.skipped]
        report.failed += [failed_row(f.path, f.stage, f.reason) for f in findings.known_failures]
        report.failed += [failed_row(path, "read", reason) for path, reason in findings.unreadable]
        report.videos -= len(report.skipped) + len(report.failed)
        # Folders, which were never counted as videos.
        report.failed += [failed_row(path, "read", reason) for path, reason in unreadable]
        report.broke = report.broke or bool(findings.unreadable or unreadable)

    def use(self, encoder: str) -> Report:
        """Embed all that is cached with another encoder, without decoding, then let it serve.

        What waits for the encoder before is embedded with the new one, from the frame cache too.
        """
        began = time.monotonic()
        report = Report()
        self.flush()
        self.wanted, self._opened = encoder, None
        self._open()
        self._embed_missing(report)
        commit.sweep(self.library)
        report.elapsed_seconds = time.monotonic() - began
        return report


def _look_now(reconciler: Reconciler, event: FileEvent) -> DecodeTask | None:
    """The work that a file needs as it is when its turn has come, which can be days after the scan."""
    now = as_it_is_now(event)
    return None if now is None else reconciler.look(now)


def _event_of(item: FileEvent | DecodeTask) -> FileEvent:
    return item.event if isinstance(item, DecodeTask) else item
