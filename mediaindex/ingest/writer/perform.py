"""The one that holds the lock: carries out what `requests` brings, each kind by one method.

    index   files → library         use     another encoder, from the frame cache
    forget  paths leave the library retry   dead and waiting files are tried again
    check   prove or repair         compact housekeeping

Every kind may be begun again after a kill: none takes a step that a second try could not take.
"""

from __future__ import annotations

import dataclasses
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from mediaindex.config import Config
from mediaindex.decode.sampling.policy import Sampling
from mediaindex.decode.worker import DecodeWorker, new_worker
from mediaindex.embed.encoder import Encoder
from mediaindex.embed.loading import load_encoder
from mediaindex.errors import (
    DONE,
    SOME_MEDIA_FAILED,
    UsageError,
)
from mediaindex.ingest.pipeline import Ingest
from mediaindex.ingest.pools.file_reading import Decoding
from mediaindex.ingest.progress import Progress, Report
from mediaindex.ingest.reconcile import deletion_guard
from mediaindex.ingest.writer import queue
from mediaindex.ingest.writer.queue import Json, Outcome
from mediaindex.sources.rules import Rules
from mediaindex.sources.scan import scan
from mediaindex.store import commit, forgetting
from mediaindex.store.catalog import (
    failures,
    sources,
    videos,
)
from mediaindex.store.library import Library
from mediaindex.store.maintenance import eviction, housekeeping
from mediaindex.store.maintenance.check import check, repair
from mediaindex.store.vectors import spaces

ATTEND_SECONDS = 0.5
IN_THE_CLOUD = "its content is in the cloud; have it downloaded to index it"


class Writer:
    """Carries out requests on one library. Use it only with the lock held.

    Args:
        between: called between two files, after other processes' requests.
        unsettled: paths that are being written at this moment, which an automatic pass leaves alone.

    Attributes:
        depth: how many requests are being carried out, one within the other.
    """

    def __init__(
        self,
        library: Library,
        config: Config,
        *,
        between: Callable[[], None] = lambda: None,
        unsettled: Callable[[], frozenset[Path]] = frozenset,
    ) -> None:
        self.library = library
        self.config = config
        self._between = between
        self._unsettled = unsettled
        self._ingest: Ingest | None = None
        self._recovered = False
        self._attended = 0.0
        self.depth = 0
        self._progress: Callable[[Json], None] = lambda _: None

    def perform(self, kind: str, arguments: Json, progress: Callable[[Json], None]) -> Outcome:
        """Carry out one request.

        Raises:
            MediaIndexError: what the user is told; the library stays consistent.
        """
        if not self._recovered and kind != "check":
            commit.recover(self.library)
            self._recovered = True
        outer, self._progress = self._progress, progress
        self.depth += 1
        try:
            outcome = self._carry_out(kind, arguments)
        finally:
            self._progress = outer
            self.depth -= 1
        if self.depth == 0:
            commit.settle(self.library)
        return outcome

    def _carry_out(self, kind: str, arguments: Json) -> Outcome:
        kinds = {
            "index": self._index,
            "use": self._use,
            "forget": self._forget,
            "retry": self._retry,
            "check": self._check,
            "compact": self._compact,
            "confirm": self._confirm,
            "tidy": self._tidy,
        }
        if kind not in kinds:
            raise UsageError(f"this mediaindex knows no request {kind!r}; update it")
        return kinds[kind](arguments)

    def _index(self, arguments: Json) -> Outcome:
        roots = [Path(path) for path in arguments["paths"]]
        automatic = arguments.get("automatic", False)
        with self.library.write() as connection:
            for root in [] if automatic else roots:
                if root.is_dir():
                    sources.add_source(connection, root)
            known = [source.path for source in sources.all_sources(connection)]
        unreadable: list[tuple[Path, str]] = []
        in_the_cloud: list[Path] = []
        events = scan(
            [root for root in roots if os.path.lexists(root)],  # of one that is gone, the catalog tells
            roots=known if automatic else None,
            rules=rules_of(self.config),
            unreadable=lambda path, reason: unreadable.append((path, reason)),
            placeholder=in_the_cloud.append,
        )
        if automatic:
            unsettled = self._unsettled()
            events = (event for event in events if event.path not in unsettled)
        report = self._writer(arguments.get("encoder")).index(
            roots,
            events,
            sources=known if automatic else roots,
            automatic=automatic,
            looks_first=arguments.get("looks_first", False),
            confirm=arguments.get("confirm", True),
            redecode=arguments.get("redecode", False),
            unreadable=unreadable,
        )
        if report.decoded or not automatic:
            self._keep_within_limit(arguments)
        report.skipped += [{"path": str(path), "reason": IN_THE_CLOUD} for path in in_the_cloud]
        return _outcome(report)

    def _confirm(self, arguments: Json) -> Outcome:
        roots = [Path(path) for path in arguments["paths"]]
        return _outcome(self._writer(None).confirm(roots))

    def _tidy(self, arguments: Json) -> Outcome:
        """What nobody asked for and time brings: what was forgotten or missing for long goes."""
        before = time.time() - arguments["forget_after_seconds"]
        with self.library.write() as connection:
            gone = forgetting.purge_forgotten(connection, before=time.time() - forgetting.UNDO_SECONDS)
            gone += forgetting.purge_missing(connection, before=before)
        if gone:
            commit.sweep(self.library)
        return Outcome({"removed": len(gone)}, DONE)

    def _use(self, arguments: Json) -> Outcome:
        name = arguments["encoder"]
        if self._ingest is None:
            self._ingest = self._new_ingest(name)
        report = self._ingest.use(name)
        self._keep_within_limit(arguments)
        result = {"encoder": name, "decode_again": self._to_decode_again(), **_outcome(report).result}
        return Outcome(result, DONE)

    def _forget(self, arguments: Json) -> Outcome:
        paths = [Path(path) for path in arguments["paths"]]
        # The asker's moment: begun again after a kill, the request is about the same places.
        at, undo = arguments.get("at", time.time()), arguments.get("undo", False)
        dry_run = arguments.get("dry_run", False)
        with self.library.write() as connection, connection.begin_nested() as attempt:
            if undo:
                done = forgetting.undo(connection, paths or None, at=at)
            elif arguments.get("now"):
                done = forgetting.forget_now(connection, paths, at=at)
            else:
                done = forgetting.forget(connection, paths, at=at)
            if dry_run:
                attempt.rollback()
        if not dry_run:
            deletion_guard.review(self.library, done.paths, time.time())
            commit.sweep(self.library)
        told = [str(path) for path in done.paths]
        result = {"forgotten": [] if undo else told, "restored": told if undo else [], "videos": done.videos}
        return Outcome(result, DONE)

    def _retry(self, arguments: Json) -> Outcome:
        only = [Path(path) for path in arguments["paths"]] or None
        with self.library.write() as connection:
            paths = list(failures.failures(connection, only))
            present = [path for path in paths if path.is_file()]
            for path in present:
                failures.clear_failure(connection, path)
        if not paths:
            return Outcome({"retried": 0, **_outcome(Report()).result}, DONE)
        # Those that are gone go along: the pass finds out whether their drive is there.
        outcome = self._index({"paths": [str(path) for path in paths]})
        return Outcome({"retried": len(present), **outcome.result}, outcome.exit_code)

    def _check(self, arguments: Json) -> Outcome:
        before = check(self.library)
        result: Json = {"problems": before.problems, "repaired": False}
        exit_code = 6 if before.problems else DONE
        if before.problems and arguments.get("repair"):
            with self.library.write() as connection:
                videos.mark_frames_lost(connection, before.lost_frames)
            repair(self.library, before)
            with self.library.read() as connection:
                lacking = spaces.active_space(connection)
                missing = [] if lacking is None else spaces.missing_vectors(connection, lacking.id)
            if missing:
                ingest = self._writer(None)
                ingest.use(ingest.wanted)
            commit.sweep(self.library)
            after = check(self.library)
            result |= {"repaired": not after.problems, "decode_again": self._to_decode_again()}
            exit_code = 6 if after.problems else DONE
            before = dataclasses.replace(after, problems=before.problems)
        result |= {"videos": before.videos, "vectors": before.vectors, "frames": before.frames}
        return Outcome(result, exit_code)

    def _compact(self, arguments: Json) -> Outcome:
        self._keep_within_limit(arguments)
        done = housekeeping.compact(self.library)
        before, after = dataclasses.asdict(done.before), dataclasses.asdict(done.after)
        result: Json = {name: {"before": before[name], "after": after[name]} for name in before}
        return Outcome({**result, "postponed": done.postponed}, DONE)

    # Parts

    def _keep_within_limit(self, arguments: Json) -> None:
        """Give up cached frames beyond the limit: the asker's, else the one that is set here."""
        asked = arguments.get("cache_limit_mib")
        eviction.keep_within(self.library, self.config.cache_limit_mib if asked is None else asked)

    def _to_decode_again(self) -> int:
        with self.library.read() as connection:
            return len(videos.without_frames(connection))

    def _writer(self, encoder: str | None) -> Ingest:
        if self._ingest is None:
            self._ingest = self._new_ingest(encoder or self._wanted_encoder())
        elif encoder is not None and self._ingest.wanted != encoder:
            self._ingest.use(encoder)
        return self._ingest

    def _wanted_encoder(self) -> str:
        """The encoder that the user set, else the one that serves, else the default."""
        if self.config.origins.get("encoder", "default") != "default":
            return self.config.encoder
        with self.library.read() as connection:
            serving = spaces.active_space(connection)
        return self.config.encoder if serving is None else serving.encoder

    def _load(self, name: str) -> Encoder:
        return load_encoder(
            name,
            device=self.config.device,
            models=self.library.root / "encoders",
            threads=self.config.threads,
        )

    def _new_ingest(self, encoder: str) -> Ingest:
        return Ingest(
            self.library,
            encoder,
            load=self._load,
            decoding=Decoding(sampling_of(self.config), self.config.jobs, lambda: new_decoder(self.config)),
            ann_rows=self.config.ann_rows,
            progress=self._tell,
            attend=self._attend,
        )

    def _tell(self, progress: Progress) -> None:
        told: dict[str, Any] = dataclasses.asdict(progress)
        told["path"] = None if progress.path is None else str(progress.path)
        self._progress(told)

    def released(self) -> list[Path]:
        """Files that a pass left alone while another was reading them: they are to be looked at again."""
        return [] if self._ingest is None else self._ingest.released()

    def serve(self) -> None:
        """Carry out what other processes ask; it closes the batch that is being filled."""
        if queue.waiting(self.library):
            if self._ingest is not None:
                self._ingest.flush()
            queue.serve(self.library, self.perform)

    def _attend(self, _ingest: Ingest) -> None:
        """Between two files."""
        if time.monotonic() - self._attended < ATTEND_SECONDS:
            return
        self._attended = time.monotonic()
        self.serve()
        self._between()
        self._attended = time.monotonic()


def _outcome(report: Report) -> Outcome:
    result = dataclasses.asdict(report)
    broke = result.pop("broke")
    return Outcome(result, SOME_MEDIA_FAILED if broke else DONE)


def sampling_of(config: Config) -> Sampling:
    """The sampling policy that the settings ask for."""
    return Sampling(
        short_side=config.frame_short_side, quality=config.frame_quality, gap_seconds=config.gap_seconds
    )


def rules_of(config: Config) -> Rules:
    """What is passed over, by the settings."""
    return Rules(not_media=config.not_media, exclude=config.exclude, apart=[config.library])


def new_decoder(config: Config) -> DecodeWorker:
    """A decoding process with the limits of the settings."""
    return new_worker(
        decoder=config.decoder,
        memory_mib=config.decode_memory_mib,
        reply_seconds=config.decode_timeout_seconds,
    )
