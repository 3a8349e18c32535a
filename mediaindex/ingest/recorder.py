"""What became of a file that was read, recorded at once: headers, one frame, all frames, or why nothing.

The frames of a recorded video lie on disk; it is embedded, and then found, later.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from mediaindex.decode.worker import DECODER_VERSION
from mediaindex.ingest.eta import EtaEstimator
from mediaindex.ingest.pools.file_reading import (
    BrokenFile,
    DecodedFile,
    Decoding,
    PoolHalt,
    ProbedFile,
    RefusedFile,
    Result,
)
from mediaindex.ingest.progress import Report, failed_row
from mediaindex.ingest.reconcile.reconciler import DecodeTask, Reconciler
from mediaindex.ingest.reconcile.retry_policy import failure_after
from mediaindex.media import FileEvent
from mediaindex.store import commit
from mediaindex.store.catalog import (
    failures,
    first_looks,
    fulltext,
    locations,
    videos,
)
from mediaindex.store.catalog.videos import Identity
from mediaindex.store.library import Library
from mediaindex.store.vectors.spaces import Unembedded

if TYPE_CHECKING:
    import sqlalchemy as sa


class Recorder:
    """Writes results into the catalog and hands on what is to be embedded.

    Args:
        claimed: paths that a pass is at; those that are done leave it.
        embed: takes each recorded video with frames.

    Attributes:
        probed: files of which only the headers were read, since this list was last emptied.
        forecast: told of every video that is decoded, where not None.
    """

    def __init__(
        self,
        library: Library,
        decoding: Decoding,
        claimed: set[Path],
        embed: Callable[[Unembedded], None],
    ) -> None:
        self.probed: list[DecodeTask] = []
        self.forecast: EtaEstimator | None = None
        self._library = library
        self._sampling = repr(decoding.sampling)
        self._claimed = claimed
        self._embed = embed

    def record(self, reconciler: Reconciler, result: Result, report: Report) -> None:
        """Write one result.

        Raises:
            BaseException: what halted the decoding of everything.
        """
        match result:
            case PoolHalt():
                raise result.error
            case ProbedFile():
                self._record_probed(result)
            case DecodedFile():
                try:
                    if result.identity.hash is None:
                        self._record_first_look(result)
                    else:
                        self._record_decoded(reconciler, result, report)
                finally:
                    # A row names its frames now, or never will.
                    self._library.frames.settle(result.frame_file)
                    commit.remove_unowned(self._library, result.frame_file)
            case RefusedFile():
                self._record_refused(reconciler, result)
            case BrokenFile():
                self._record_broken(reconciler, result, report)

    def _record_probed(self, result: ProbedFile) -> None:
        """Let words find the file, which has no picture yet."""
        event, info = result.work.event, result.info
        self.probed.append(result.work)
        identity = Identity(event.size, result.work.partial_hash, None)
        with self._library.write() as connection:
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
            fulltext.set_video_words(connection, video_id, info.title, info.tags)
            fulltext.set_location_words(connection, location_id, video_id, event.path, result.work.root)
            _clear_notes(connection, event.path)

    def _record_first_look(self, result: DecodedFile) -> None:
        """Let the one frame be found until the others come."""
        with self._library.write() as connection:
            video_id = first_looks.unread_video_at(connection, result.work.event.path, result.identity)
            if video_id is None:
                return  # forgotten or moved meanwhile; its blob is swept
            extraction_id = self._add_extraction(connection, video_id, result, first_look=True)
        self._embed(Unembedded(video_id, extraction_id, result.frame_file, 1))

    def _record_decoded(self, reconciler: Reconciler, result: DecodedFile, report: Report) -> None:
        event = result.work.event
        with self._library.write() as connection:
            first_looks.take_hash(connection, event.path, result.identity)
            video_id = videos.ensure_video(
                connection, result.identity, result.info, result.outline.duration_seconds
            )
            extraction_id = self._add_extraction(connection, video_id, result)
            location_id = locations.place(
                connection,
                event.path,
                volume_id=result.work.volume_id,
                next_video_id=video_id,
                size=event.size,
                mtime_ns=event.mtime_ns,
                confirmed=True,
                missing_since=None,
            )
            fulltext.set_video_words(connection, video_id, result.info.title, result.info.tags)
            fulltext.set_location_words(connection, location_id, video_id, event.path, result.work.root)
            fulltext.set_embedded_subtitles(connection, video_id, result.cues)
            _clear_notes(connection, event.path)
        self._embed(Unembedded(video_id, extraction_id, result.frame_file, len(result.seconds)))
        self._count(result, report)
        self._place_copies(reconciler, result.work, video_id)

    def _add_extraction(
        self, connection: sa.Connection, video_id: int, result: DecodedFile, *, first_look: bool = False
    ) -> int:
        return videos.add_extraction(
            connection,
            video_id,
            frame_file=result.frame_file,
            decoder=DECODER_VERSION,
            sampling=self._sampling,
            seconds=result.seconds,
            outline=result.outline,
            first_look=first_look,
        )

    def _count(self, result: DecodedFile, report: Report) -> None:
        report.decoded += 1
        report.frames += len(result.seconds)
        report.segments += len(result.outline.segments)
        report.media_seconds += result.outline.duration_seconds
        if self.forecast is not None:
            size = self._library.frames.size(result.frame_file)
            self.forecast.add(result.outline.duration_seconds, frames=len(result.seconds), blob_bytes=size)

    def _place_copies(self, reconciler: Reconciler, work: DecodeTask, video_id: int) -> None:
        """Give the files that looked the same in this run their place beside the one decoded."""
        for copy in self._settled(reconciler, work)[1:]:
            if as_it_is_now(copy.event) != copy.event:
                continue  # it is something else by now, of which the next look tells
            with self._library.write() as connection:
                location_id = reconciler.copy(connection, copy.event, video_id, copy.volume_id)
                fulltext.set_location_words(connection, location_id, video_id, copy.event.path, copy.root)
            reconciler.findings.copies += 1

    def _settled(self, reconciler: Reconciler, work: DecodeTask) -> list[DecodeTask]:
        """The work and what waited for it; another pass may look at these files again."""
        works = reconciler.settled(work)
        self._claimed -= {item.event.path for item in works}
        return works

    def _judged(self, reconciler: Reconciler, work: DecodeTask) -> list[DecodeTask]:
        """The files of which a verdict on one of them tells: what waited for it looked the same.

        Where that one is no more what it was, the others have their turn instead.
        """
        if as_it_is_now(work.event) == work.event:
            return self._settled(reconciler, work)
        reconciler.again += [other.event for other in reconciler.settled(work)[1:]]
        self._claimed.discard(work.event.path)
        return [work]

    def _record_refused(self, reconciler: Reconciler, result: RefusedFile) -> None:
        for work in self._judged(reconciler, result.work):
            event = work.event
            with self._library.write() as connection:
                failures.set_skip(
                    connection, event.path, size=event.size, mtime_ns=event.mtime_ns, reason=result.reason
                )
                failures.clear_failure(connection, event.path)
                locations.miss(connection, event.path, time.time())
            reconciler.findings.skipped.append((event.path, result.reason))

    def _record_broken(self, reconciler: Reconciler, result: BrokenFile, report: Report) -> None:
        report.broke = True
        for work in self._judged(reconciler, result.work):
            event = work.event
            before = reconciler.failures.get(event.path)
            same = before is not None and (before.size, before.mtime_ns) == (event.size, event.mtime_ns)
            failed = failure_after(result.error, event, before if same else None)
            with self._library.write() as connection:
                if os.path.lexists(event.path):  # what went while it was read is not to be tried again
                    failures.set_failure(connection, failed)
                failures.clear_skip(connection, event.path)
                if failed.state == "dead":
                    locations.miss(connection, event.path, time.time())
            report.failed.append(failed_row(event.path, failed.stage, failed.reason))


def as_it_is_now(event: FileEvent) -> FileEvent | None:
    """The file at the path of an event; None where it is gone or cannot be seen."""
    try:
        status = event.path.stat()
    except OSError:
        return None
    return FileEvent(event.path, size=status.st_size, mtime_ns=status.st_mtime_ns)


def _clear_notes(connection: sa.Connection, path: Path) -> None:
    """The file could be read, and holds a film."""
    failures.clear_failure(connection, path)
    failures.clear_skip(connection, path)
