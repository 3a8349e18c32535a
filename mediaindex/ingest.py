"""The write corridor for many files: scan → reconcile → decode → embed → commit → confirm.

Decoding runs in threads with a bounded process each, embedding and all writing in the caller's
thread. What is decoded is recorded at once (its frames are on disk), what is embedded becomes visible
in batches: 32 videos, 20 000 vectors or 10 s, whichever comes first.
"""

from __future__ import annotations

import logging
import os
import time
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from mediaindex.embed import Encoder
from mediaindex.embedding import FrameBatcher
from mediaindex.errors import MediaError
from mediaindex.extract import (
    Broken,
    Decoded,
    DecodePool,
    Decoding,
    Halted,
    Probed,
    Reading,
    Refused,
    Result,
    look_once,
    read_headers,
)
from mediaindex.failures import failure_after
from mediaindex.frames import DECODER_VERSION
from mediaindex.identity import full_hash
from mediaindex.media import FileEvent
from mediaindex.outlook import Forecast
from mediaindex.reconcile import Reconciler, Work
from mediaindex.report import Outlook, Progress, Report, Stage, failed_row
from mediaindex.store import catalog, commit, first_looks, housekeeping, spaces, words
from mediaindex.store.catalog import Identity, Location
from mediaindex.store.commit import Embedded
from mediaindex.store.library import Library
from mediaindex.store.spaces import Space, Unembedded
from mediaindex.words import refresh_sidecars

if TYPE_CHECKING:
    import sqlalchemy as sa

logger = logging.getLogger(__name__)

VIDEOS_A_COMMIT = 32
VECTORS_A_COMMIT = 20_000
SECONDS_A_COMMIT = 10.0
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
        self.claimed: set[Path] = set()
        self._left_alone: set[Path] = set()
        self.wanted = encoder
        self._load = load
        self._ready: list[Embedded] = []
        self._since = self._fed = time.monotonic()
        self._opened: tuple[Space, FrameBatcher] | None = None
        self._probed: list[Work] = []
        self._forecast: Forecast | None = None

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
        todo: Sequence[FileEvent | Work] = self._open_files(reconciler, events, report)
        outer, self._forecast = self._forecast, None
        try:
            if looks_first and len(todo) >= MANY_FILES:
                todo = self._look_first(reconciler, todo, report)
            self._read(reconciler, todo, report)
        finally:
            self._forecast = outer
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
        self, reconciler: Reconciler, todo: Sequence[FileEvent | Work], report: Report
    ) -> list[Work]:
        """Names and headers, then one frame of each, newest first; the work that is left after it."""
        newest = sorted(todo, key=lambda item: -_event_of(item).mtime_ns)
        self._probed = []
        self._read(reconciler, newest, report, "reading headers", read_headers)
        work, self._probed = self._probed, []
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
        self._forecast = Forecast(media, vector_bytes=2 * spec.dim + 2 * (spec.evidence_dim or 0) + 16)
        return work

    def _read(
        self,
        reconciler: Reconciler,
        todo: Sequence[FileEvent | Work],
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
                        work = item if isinstance(item, Work) else _look_now(reconciler, item)
                        if work is not None:
                            pool.submit(work)
                    if pool.in_flight:
                        full = pool.in_flight >= ahead or not waiting
                        self._take_result(reconciler, pool, report, wait=full)
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
            self._record(reconciler, result, report)

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

    # What came out of the decoder

    def _record(self, reconciler: Reconciler, result: Result, report: Report) -> None:
        match result:
            case Halted():
                raise result.error
            case Probed():
                self._record_probed(reconciler, result)
            case Decoded():
                try:
                    if result.identity.hash is None:
                        self._record_first_look(result)
                    else:
                        self._record_decoded(reconciler, result, report)
                finally:
                    # A row names its frames now, or never will.
                    self.library.frames.settle(result.frame_file)
                    commit.remove_unowned(self.library, result.frame_file)
            case Refused():
                self._record_refused(reconciler, result, report)
            case Broken():
                self._record_broken(reconciler, result, report)

    def _record_probed(self, reconciler: Reconciler, result: Probed) -> None:
        """Let words find the file, which has no picture yet."""
        event, info = result.work.event, result.info
        self._probed.append(result.work)
        identity = Identity(event.size, result.work.partial_hash, None)
        with self.library.write() as connection:
            if first_looks.unread_video_at(connection, event.path, identity) is not None:
                return  # from a pass before
            video_id = first_looks.add_unread_video(connection, identity, info)
            location_id = first_looks.place_unread(
                connection,
                event.path,
                video_id,
                volume_id=result.work.volume_id,
                size=event.size,
                mtime_ns=event.mtime_ns,
            )
            words.set_video_words(connection, video_id, info.title, info.tags)
            words.set_location_words(connection, location_id, video_id, event.path, result.work.root)
            catalog.clear_failure(connection, event.path)
            catalog.clear_skip(connection, event.path)

    def _record_first_look(self, result: Decoded) -> None:
        """Let the one frame be found until the others come."""
        with self.library.write() as connection:
            video_id = first_looks.unread_video_at(connection, result.work.event.path, result.identity)
            if video_id is None:
                return  # forgotten or moved meanwhile; its blob is swept
            extraction_id = self._add_extraction(connection, video_id, result, first_look=True)
        self.batcher.add(Unembedded(video_id, extraction_id, result.frame_file, 1))
        self._fed = time.monotonic()

    def _record_decoded(self, reconciler: Reconciler, result: Decoded, report: Report) -> None:
        event = result.work.event
        with self.library.write() as connection:
            first_looks.take_hash(connection, event.path, result.identity)
            video_id = catalog.ensure_video(
                connection, result.identity, result.info, result.outline.duration_seconds
            )
            extraction_id = self._add_extraction(connection, video_id, result)
            location_id = catalog.place(
                connection,
                event.path,
                volume_id=result.work.volume_id,
                next_video_id=video_id,
                size=event.size,
                mtime_ns=event.mtime_ns,
                confirmed=True,
                missing_since=None,
            )
            words.set_video_words(connection, video_id, result.info.title, result.info.tags)
            words.set_location_words(connection, location_id, video_id, event.path, result.work.root)
            words.set_embedded_subtitles(connection, video_id, result.cues)
            catalog.clear_failure(connection, event.path)
            catalog.clear_skip(connection, event.path)
        self.batcher.add(Unembedded(video_id, extraction_id, result.frame_file, len(result.seconds)))
        self._fed = time.monotonic()
        report.decoded += 1
        report.frames += len(result.seconds)
        report.segments += len(result.outline.segments)
        report.media_seconds += result.outline.duration_seconds
        if self._forecast is not None:
            size = self.library.frames.size(result.frame_file)
            self._forecast.add(result.outline.duration_seconds, frames=len(result.seconds), blob_bytes=size)
        self._place_copies(reconciler, result.work, video_id)

    def _add_extraction(
        self, connection: sa.Connection, video_id: int, result: Decoded, *, first_look: bool = False
    ) -> int:
        return catalog.add_extraction(
            connection,
            video_id,
            frame_file=result.frame_file,
            decoder=DECODER_VERSION,
            sampling=repr(self.decoding.sampling),
            seconds=result.seconds,
            outline=result.outline,
            first_look=first_look,
        )

    def _outlook(self) -> Outlook | None:
        if self._forecast is None:
            return None
        with self.library.read() as connection:
            return self._forecast.outlook(first_looks.searchable_share(connection))

    def _place_copies(self, reconciler: Reconciler, work: Work, video_id: int) -> None:
        """Give the files that looked the same in this run their place beside the one decoded."""
        for copy in self._settled(reconciler, work)[1:]:
            if _as_it_is_now(copy.event) != copy.event:
                continue  # it is something else by now, of which the next look tells
            with self.library.write() as connection:
                location_id = reconciler.copy(connection, copy.event, video_id, copy.volume_id)
                words.set_location_words(connection, location_id, video_id, copy.event.path, copy.root)
            reconciler.findings.copies += 1

    def _settled(self, reconciler: Reconciler, work: Work) -> list[Work]:
        """The work and what waited for it; another pass may look at these files again."""
        works = reconciler.settled(work)
        self.claimed -= {item.event.path for item in works}
        return works

    def _record_refused(self, reconciler: Reconciler, result: Refused, report: Report) -> None:
        for work in self._settled(reconciler, result.work):
            event = work.event
            with self.library.write() as connection:
                catalog.set_skip(
                    connection, event.path, size=event.size, mtime_ns=event.mtime_ns, reason=result.reason
                )
                catalog.clear_failure(connection, event.path)
                catalog.miss(connection, event.path, time.time())
            reconciler.findings.skipped.append((event.path, result.reason))

    def _record_broken(self, reconciler: Reconciler, result: Broken, report: Report) -> None:
        report.broke = True
        for work in self._settled(reconciler, result.work):
            event = work.event
            before = reconciler.failures.get(event.path)
            same = before is not None and (before.size, before.mtime_ns) == (event.size, event.mtime_ns)
            record = failure_after(result.error, event, before if same else None)
            with self.library.write() as connection:
                if os.path.lexists(event.path):  # what went while it was read is not to be tried again
                    catalog.set_failure(connection, record)
                catalog.clear_skip(connection, event.path)
                if record.state == "dead":
                    catalog.miss(connection, event.path, time.time())
            report.failed.append(failed_row(event.path, record.stage, record.reason))

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
                catalog.mark_frames_lost(connection, [video.extraction_id for video in lost])
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
                return not spaces.cached_frames(connection)
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
            believed = catalog.unconfirmed(connection)
        different: list[Work] = []
        for number, location in enumerate(believed):
            self.progress(Progress("confirming", number, len(believed), path=location.path))
            work = self._confirm_one(reconciler, location)
            if work is not None:
                different.append(work)
            self.attend(self)
        if different:
            self._read(reconciler, different, report)
            self._embed_missing(report)

    def _confirm_one(self, reconciler: Reconciler, location: Location) -> Work | None:
        assert location.content is not None
        try:
            stat = location.path.stat()
            found = full_hash(location.path, cancelled=self._goes_on)
        except (OSError, MediaError):
            return None  # gone or unreadable for now: the next scan says what it is
        if (stat.st_size, stat.st_mtime_ns) != (location.size, location.mtime_ns):
            return None
        with self.library.write() as connection:
            known = catalog.identity_of(connection, location.content)
            if known.hash == found:
                catalog.update_location(connection, location.id, confirmed=True)
                return None
        event = FileEvent(location.path, stat.st_size, stat.st_mtime_ns)
        return Work(event, known.partial_hash, location.volume_id, reconciler.root_of(location.path))

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


def _look_now(reconciler: Reconciler, event: FileEvent) -> Work | None:
    """The work that a file needs as it is when its turn has come, which can be days after the scan."""
    now = _as_it_is_now(event)
    return None if now is None else reconciler.look(now)


def _as_it_is_now(event: FileEvent) -> FileEvent | None:
    """The file at the path of an event; None where it is gone or cannot be seen."""
    try:
        status = event.path.stat()
    except OSError:
        return None
    return FileEvent(event.path, size=status.st_size, mtime_ns=status.st_mtime_ns)


def _event_of(item: FileEvent | Work) -> FileEvent:
    return item.event if isinstance(item, Work) else item
