"""The writer, who holds the writer lock: carries out each kind of request by one method.

Each method may run again from its beginning after a kill.
"""

from __future__ import annotations

import dataclasses
import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from mediaindex.embed.encoder import Encoder, arithmetic_of
from mediaindex.errors import DONE, SOME_MEDIA_FAILED, StoreError
from mediaindex.ingest.embedder import LoadEncoder
from mediaindex.ingest.pipeline import Ingest
from mediaindex.ingest.pools.file_reading import Decoding
from mediaindex.ingest.progress import Progress, Report
from mediaindex.ingest.reconcile import deletion_guard
from mediaindex.ingest.reconcile.long_gone import long_gone
from mediaindex.ingest.writer import queue
from mediaindex.ingest.writer.query_bank import renew_bank
from mediaindex.ingest.writer.requests import (
    CheckRequest,
    CompactRequest,
    ConfirmRequest,
    ForgetRequest,
    IndexRequest,
    Json,
    Outcome,
    Request,
    RetryRequest,
    TidyRequest,
    UseRequest,
)
from mediaindex.ingest.writer.vector_index import IndexBuild
from mediaindex.media import FileEvent
from mediaindex.sources.places.presence import presence_of
from mediaindex.sources.rules import Rules
from mediaindex.sources.scan import scan
from mediaindex.store import commit, forgetting
from mediaindex.store.catalog import failures, sources, videos
from mediaindex.store.library import Library
from mediaindex.store.maintenance import eviction, housekeeping
from mediaindex.store.maintenance.check import check, repair
from mediaindex.store.vectors import spaces

ATTEND_SECONDS = 0.5


@dataclass(frozen=True, slots=True)
class WriterSettings:
    """How a writer reads files and makes vectors of them.

    Attributes:
        rules: which files are media, and which are excluded.
        encoder: the name that the user set; None lets the serving encoder serve on.
        default_encoder: of a library in which none serves yet.
        load_encoder: gives an encoder; called only when there is something to embed.
        exact_limit_mib: vectors above this size get an index.
        cache_limit_mib: of the frame cache, 0 for any size.
    """

    rules: Rules
    decoding: Decoding
    encoder: str | None
    default_encoder: str
    load_encoder: LoadEncoder
    exact_limit_mib: int
    cache_limit_mib: int


class Writer:
    """Carries out requests on one library. Use it only with the lock held.

    Args:
        between_files: called between two files, after other processes' requests.
        changing_paths: gives the paths that something writes to at this moment; an automatic pass leaves
            them alone.

    Attributes:
        depth: how many requests are being carried out, one within the other.
    """

    def __init__(
        self,
        library: Library,
        settings: WriterSettings,
        *,
        between_files: Callable[[], None] = lambda: None,
        changing_paths: Callable[[], frozenset[Path]] = frozenset,
    ) -> None:
        self.library = library
        self.settings = settings
        self._between_files = between_files
        self._changing_paths = changing_paths
        self._ingest: Ingest | None = None
        self._index_build = IndexBuild()
        self._recovered = False
        self._attended_at = 0.0
        self.depth = 0
        self._progress: Callable[[Json], None] = lambda _: None

    def perform(self, request: Request, progress: Callable[[Json], None]) -> Outcome:
        """Carry out one request.

        Raises:
            MediaIndexError: what the user is told; the library stays consistent.
        """
        if not self._recovered and not isinstance(request, CheckRequest):
            commit.recover(self.library)
            self._recovered = True
        outer, self._progress = self._progress, progress
        self.depth += 1
        try:
            outcome = self._carry_out(request)
        except BaseException:
            self._recovered = False  # it may have left what a kill leaves
            raise
        finally:
            self._progress = outer
            self.depth -= 1
        if self.depth == 0 and self._recovered:
            commit.settle(self.library)
        return outcome

    def _carry_out(self, request: Request) -> Outcome:
        match request:
            case IndexRequest():
                return self._index(request)
            case ConfirmRequest():
                return _outcome(self._ingest_with(None).confirm(request.paths))
            case TidyRequest():
                return self._tidy(request)
            case UseRequest():
                return self._use(request)
            case ForgetRequest():
                return self._forget(request)
            case RetryRequest():
                return self._retry(request)
            case CheckRequest():
                return self._check(request)
            case CompactRequest():
                return self._compact(request)

    def _index(self, request: IndexRequest, *, follows: bool = True) -> Outcome:
        """Index; with `follows`, folders that the user named become sources."""
        with self.library.write() as connection:
            for root in request.paths if follows and not request.automatic else ():
                if os.path.isdir(root):
                    sources.add_source(connection, root)
            watched = [source.path for source in sources.all_sources(connection)]
        # Of a root that is gone, the catalog knows what was there.
        sightings = scan(
            [root for root in request.paths if presence_of(root) != "absent"],
            roots=watched if request.automatic else None,
            rules=self.settings.rules,
        )
        changing = self._changing_paths() if request.automatic else frozenset()
        report = self._ingest_with(request.encoder).index(
            request.paths,
            (seen for seen in sightings if not isinstance(seen, FileEvent) or seen.path not in changing),
            sources=watched if request.automatic else request.paths,
            automatic=request.automatic,
            looks_first=request.looks_first,
            confirm=request.confirm,
            redecode=request.redecode,
        )
        if report.decoded or not request.automatic:
            self._keep_within_limit(request.cache_limit_mib)
        self._renew_bank()
        if request.automatic:  # of a watcher, which goes on beside it
            self._begin_index()
        return _outcome(report)

    def _tidy(self, request: TidyRequest) -> Outcome:
        """Remove what has been forgotten or missing for long."""
        now = time.time()
        before = now - request.forget_after_seconds
        gone = long_gone(self.library, before=before, attend=self._attend)
        with self.library.write() as connection:
            removed = forgetting.purge_forgotten(connection, before=now - forgetting.UNDO_SECONDS)
            removed += forgetting.purge_missing(connection, gone)
        if removed:
            commit.sweep(self.library)
        return Outcome({"removed": len(removed)}, DONE)

    def _use(self, request: UseRequest) -> Outcome:
        if self._ingest is None:
            self._ingest = self._new_ingest(request.encoder)
        report = self._ingest.use(request.encoder, renew=True)
        self._renew_bank()
        self._keep_within_limit(request.cache_limit_mib)
        outcome = _outcome(report)
        names = {"encoder": request.encoder, "decode_again": self._to_decode_again()}
        return Outcome({**names, **outcome.result}, outcome.exit_code)

    def _forget(self, request: ForgetRequest) -> Outcome:
        paths = list(request.paths)
        with self.library.write() as connection, connection.begin_nested() as attempt:
            if request.undo:
                done = forgetting.undo(connection, paths or None, at=request.at)
            elif request.now:
                done = forgetting.forget_now(connection, paths, at=request.at)
            else:
                done = forgetting.forget(connection, paths, at=request.at)
            if request.dry_run:
                attempt.rollback()
        if not request.dry_run:
            deletion_guard.review(self.library, done.paths, time.time())
            commit.sweep(self.library)
        names = [str(path) for path in done.paths]
        forgotten, restored = ([], names) if request.undo else (names, [])
        return Outcome({"forgotten": forgotten, "restored": restored, "videos": done.videos}, DONE)

    def _retry(self, request: RetryRequest) -> Outcome:
        with self.library.write() as connection:
            paths = list(failures.failures(connection, list(request.paths) or None))
            present = [path for path in paths if os.path.isfile(path)]
            for path in present:
                failures.clear_failure(connection, path)
        if not paths:
            return Outcome({"retried": 0, **_outcome(Report()).result}, DONE)
        # The pass also finds out whether the drive of those that are gone is there.
        outcome = self._index(IndexRequest(tuple(paths)), follows=False)
        return Outcome({"retried": len(present), **outcome.result}, outcome.exit_code)

    def _check(self, request: CheckRequest) -> Outcome:
        before = check(self.library, self._attend)
        problems = before.all_problems
        if request.repair and not problems:
            commit.recover(self.library)  # of what a kill left, `check` calls nothing a problem
            self._recovered = True
        if not problems or not request.repair:
            result: Json = {"problems": problems, "repaired": False}
            counts = {"videos": before.videos, "vectors": before.vectors, "frames": before.frames}
            return Outcome(result | counts, StoreError.exit_code if problems else DONE)
        repair(self.library, before)
        if self._lacks_vectors():
            ingest = self._ingest_with(None)
            ingest.use(ingest.encoder)
        commit.sweep(self.library)
        self._recovered = True
        after = check(self.library, self._attend)
        result = {"problems": problems, "repaired": not after.problems}
        result |= {"decode_again": self._to_decode_again()}
        result |= {"videos": after.videos, "vectors": after.vectors, "frames": after.frames}
        return Outcome(result, StoreError.exit_code if after.problems else DONE)

    def _compact(self, request: CompactRequest) -> Outcome:
        self._keep_within_limit(request.cache_limit_mib)
        done = housekeeping.compact(self.library)
        self._begin_index()
        self._index_build.wait()
        before, after = dataclasses.asdict(done.before), dataclasses.asdict(done.after)
        result: Json = {name: {"before": before[name], "after": after[name]} for name in before}
        return Outcome({**result, "postponed": done.postponed}, DONE)

    def _renew_bank(self) -> None:
        """Give the serving space what hub correction reads, where it lacks that."""
        with self.library.read() as connection:
            serving = spaces.active_space(connection)
        if serving is None:
            return

        def load() -> Encoder:
            loaded = None if self._ingest is None else self._ingest.embedder.loaded
            if loaded is not None and loaded.spec.digest == serving.digest:
                return loaded
            arithmetic = arithmetic_of(serving.preprocessing)
            return self.settings.load_encoder(serving.encoder, arithmetic, serving.digest)

        renew_bank(self.library, serving, load, self._attend)

    def _begin_index(self) -> None:
        """Build the index of the serving space where it is too large to be searched row by row."""
        with self.library.read() as connection:
            serving = spaces.active_space(connection)
        if serving is not None:
            limit = self.settings.exact_limit_mib
            self._index_build.begin_if_due(self.library, serving, exact_limit_mib=limit)

    def end(self) -> None:
        """End what goes on beside the requests."""
        self._index_build.end()

    def _keep_within_limit(self, limit_mib: int | None) -> None:
        """Evict cached frames beyond this limit, or beyond that of the settings where it is None."""
        limit = self.settings.cache_limit_mib if limit_mib is None else limit_mib
        eviction.keep_within(self.library, limit)

    def _to_decode_again(self) -> int:
        with self.library.read() as connection:
            return len(videos.without_frames(connection))

    def _lacks_vectors(self) -> bool:
        with self.library.read() as connection:
            serving = spaces.active_space(connection)
            if serving is None:
                return videos.cached_frames(connection) > 0
            return bool(spaces.missing_vectors(connection, serving.id))

    def _ingest_with(self, encoder: str | None) -> Ingest:
        """The corridor, which fills the space of this encoder; None stands for the present one."""
        if self._ingest is None:
            self._ingest = self._new_ingest(encoder or self._wanted_encoder())
        elif encoder is not None and self._ingest.encoder != encoder:
            self._ingest.use(encoder)
        return self._ingest

    def _wanted_encoder(self) -> str:
        """The encoder that the user set, else the one that serves, else the default."""
        if self.settings.encoder is not None:
            return self.settings.encoder
        with self.library.read() as connection:
            serving = spaces.active_space(connection)
        return self.settings.default_encoder if serving is None else serving.encoder

    def _new_ingest(self, encoder: str) -> Ingest:
        return Ingest(
            self.library,
            encoder,
            load=self.settings.load_encoder,
            decoding=self.settings.decoding,
            progress=self._pass_on,
            attend=lambda _: self._attend(),
        )

    def _pass_on(self, progress: Progress) -> None:
        """Hand the progress of a pass, as JSON, to the request's callback."""
        path = None if progress.path is None else str(progress.path)
        self._progress({**dataclasses.asdict(progress), "path": path})

    def released(self) -> list[Path]:
        """Files that a pass left alone while another was reading them, which has ended."""
        return [] if self._ingest is None else self._ingest.released()

    def serve(self) -> None:
        """Carry out the queued requests of other processes; what is embedded becomes visible before."""
        if queue.waiting(self.library):
            if self._ingest is not None:
                self._ingest.flush()
            queue.serve(self.library, self.perform)

    def _attend(self) -> None:
        """Between two files: requests, then the caller's turn, at most twice a second."""
        if time.monotonic() - self._attended_at < ATTEND_SECONDS:
            return
        self._attended_at = time.monotonic()
        self.serve()
        self._between_files()
        self._attended_at = time.monotonic()


def _outcome(report: Report) -> Outcome:
    result = dataclasses.asdict(report)
    broke = result.pop("broke")
    return Outcome(result, SOME_MEDIA_FAILED if broke else DONE)
