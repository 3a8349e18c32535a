"""The write corridor for many files: scan → reconcile → decode → embed → commit → confirm.

Decoding runs in threads with a bounded process each, embedding and all writing in the caller's
thread. What is decoded is recorded at once (its frames are on disk), what is embedded becomes visible
in batches: 32 videos, 20 000 vectors or 10 s, whichever comes first.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from mediaindex.embed import Encoder
from mediaindex.embedding import FrameBatcher
from mediaindex.errors import MediaError
from mediaindex.extract import Broken, Decoded, DecodePool, Decoding, Halted, Refused, Result
from mediaindex.failures import failure_after
from mediaindex.frames import DECODER_VERSION
from mediaindex.identity import full_hash
from mediaindex.media import FileEvent
from mediaindex.reconcile import Reconciler, Work
from mediaindex.report import Progress, Report, failed_row
from mediaindex.store import catalog, commit, spaces, words
from mediaindex.store.catalog import Location
from mediaindex.store.commit import Embedded
from mediaindex.store.library import Library
from mediaindex.store.spaces import Space, Unembedded
from mediaindex.words import refresh_sidecars

logger = logging.getLogger(__name__)

VIDEOS_A_COMMIT = 32
VECTORS_A_COMMIT = 20_000
SECONDS_A_COMMIT = 10.0


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
        self.wanted = encoder
        self._load = load
        self._ready: list[Embedded] = []
        self._since = time.monotonic()
        self._opened: tuple[Space, FrameBatcher] | None = None

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
        confirm: bool = True,
        redecode: bool = False,
        unreadable: Sequence[tuple[Path, str]] = (),
    ) -> Report:
        """Bring the library up to date with the files of `roots`.

        Args:
            events: what a scan of the roots yields.
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
            decoder=DECODER_VERSION,
            redecode=redecode,
            claimed=self.claimed,
        )
        self._decode(reconciler, self._classified(reconciler, events, report), report)
        reconciler.finish()
        refresh_sidecars(self.library, roots)
        self._embed_missing(report)
        if confirm:
            self._confirm(reconciler, report)
        self._finish(reconciler, report, unreadable)
        report.elapsed_seconds = time.monotonic() - began
        return report

    def _classified(
        self, reconciler: Reconciler, events: Iterable[FileEvent], report: Report
    ) -> Iterable[Work]:
        work = []
        for event in events:
            report.videos += 1
            if (item := reconciler.classify(event)) is not None:
                work.append(item)
            if report.videos % 100 == 0:
                self.progress(Progress("scanning", report.videos, None))
                self.attend(self)
        return work

    def _decode(self, reconciler: Reconciler, work: Iterable[Work], report: Report) -> None:
        todo = list(work)
        if not todo:
            return
        self.claimed |= {item.event.path for item in todo}
        done = 0
        try:
            with DecodePool(self.library.frames, self.decoding) as pool:
                for item in todo:
                    pool.submit(item)
                while pool.in_flight:
                    busy = self.batcher.waiting >= self.batcher.size
                    result = pool.get(0.0 if busy else 0.2)
                    if result is not None:
                        self._record(reconciler, result, report)
                        done += 1
                    self._embed_step(report, partial=result is None)
                    self.progress(Progress("indexing", done, len(todo), report.media_seconds))
                    self.attend(self)
        except KeyboardInterrupt:
            self.flush(report)
            raise
        finally:
            self.claimed -= {item.event.path for item in todo}

    def _embed_step(self, report: Report, *, partial: bool) -> None:
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
            case Decoded():
                self._record_decoded(reconciler, result, report)
            case Refused():
                self._record_refused(reconciler, result, report)
            case Broken():
                self._record_broken(reconciler, result, report)

    def _record_decoded(self, reconciler: Reconciler, result: Decoded, report: Report) -> None:
        event = result.work.event
        with self.library.write() as connection:
            video_id = catalog.ensure_video(
                connection, result.identity, result.info, result.outline.duration_seconds
            )
            extraction_id = catalog.add_extraction(
                connection,
                video_id,
                frame_file=result.frame_file,
                decoder=DECODER_VERSION,
                sampling=repr(self.decoding.sampling),
                seconds=result.seconds,
                outline=result.outline,
            )
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
        self.library.frames.settle(result.frame_file)
        self.batcher.add(Unembedded(video_id, extraction_id, result.frame_file, len(result.seconds)))
        report.decoded += 1
        report.frames += len(result.seconds)
        report.segments += len(result.outline.segments)
        report.media_seconds += result.outline.duration_seconds
        self._place_copies(reconciler, result.work, video_id)

    def _place_copies(self, reconciler: Reconciler, work: Work, video_id: int) -> None:
        """Give the files that looked the same in this run their place beside the one decoded."""
        for copy in reconciler.settled(work)[1:]:
            with self.library.write() as connection:
                location_id = reconciler.copy(connection, copy.event, video_id, copy.volume_id)
                words.set_location_words(connection, location_id, video_id, copy.event.path, copy.root)
            reconciler.findings.copies += 1

    def _record_refused(self, reconciler: Reconciler, result: Refused, report: Report) -> None:
        for work in reconciler.settled(result.work):
            event = work.event
            with self.library.write() as connection:
                catalog.set_skip(
                    connection, event.path, size=event.size, mtime_ns=event.mtime_ns, reason=result.reason
                )
                catalog.clear_failure(connection, event.path)
            reconciler.findings.skipped.append((event.path, result.reason))

    def _record_broken(self, reconciler: Reconciler, result: Broken, report: Report) -> None:
        report.broke = True
        for work in reconciler.settled(result.work):
            event = work.event
            before = reconciler.failures.get(event.path)
            same = before is not None and (before.size, before.mtime_ns) == (event.size, event.mtime_ns)
            record = failure_after(result.error, event, before if same else None)
            with self.library.write() as connection:
                catalog.set_failure(connection, record)
                catalog.clear_skip(connection, event.path)
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

    def _drain(self, report: Report) -> None:
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
            self._decode(reconciler, different, report)
            self._embed_missing(report)

    def _confirm_one(self, reconciler: Reconciler, location: Location) -> Work | None:
        assert location.content is not None
        try:
            stat = location.path.stat()
            found = full_hash(location.path)
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

    # The end of a pass

    def _finish(self, reconciler: Reconciler, report: Report, unreadable: Sequence[tuple[Path, str]]) -> None:
        commit.sweep(self.library)
        if self._opened is not None and (table := self.library.vectors(self.space)).exists:
            table.compact()
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
