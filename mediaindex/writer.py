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

from mediaindex import requests
from mediaindex.config import Config
from mediaindex.embed import Encoder, load_encoder
from mediaindex.errors import DONE, SOME_MEDIA_FAILED, UsageError
from mediaindex.extract import Decoding
from mediaindex.frames import DecodeWorker, Sampling, new_worker
from mediaindex.ingest import Ingest
from mediaindex.report import Progress, Report
from mediaindex.requests import Json, Outcome
from mediaindex.store import catalog, commit, spaces
from mediaindex.store.check import check, repair
from mediaindex.store.library import Library
from mediaindex.watch import scan

ATTEND_SECONDS = 0.5
IN_THE_CLOUD = "its content is in the cloud; have it downloaded to index it"


class Writer:
    """Carries out requests on one library. Use it only with the lock held."""

    def __init__(self, library: Library, config: Config) -> None:
        self.library = library
        self.config = config
        self._ingest: Ingest | None = None
        self._recovered = False
        self._attended = 0.0
        self._depth = 0
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
        self._depth += 1
        try:
            outcome = self._carry_out(kind, arguments)
        finally:
            self._progress = outer
            self._depth -= 1
        if self._depth == 0:
            commit.settle(self.library)
        return outcome

    def _carry_out(self, kind: str, arguments: Json) -> Outcome:
        kinds = {
            "index": self._index,
            "use": self._use,
            "forget": self._forget,
            "retry": self._retry,
            "check": self._check,
        }
        if kind not in kinds:
            raise UsageError(f"this mediaindex knows no request {kind!r}; update it")
        return kinds[kind](arguments)

    def _index(self, arguments: Json) -> Outcome:
        roots = [Path(path) for path in arguments["paths"]]
        with self.library.write() as connection:
            for root in roots:
                if root.is_dir():
                    catalog.add_source(connection, root)
        unreadable: list[tuple[Path, str]] = []
        in_the_cloud: list[Path] = []
        events = scan(
            [root for root in roots if os.path.lexists(root)],  # of one that is gone, the catalog tells
            not_media=self.config.not_media,
            exclude=self.config.exclude,
            unreadable=lambda path, reason: unreadable.append((path, reason)),
            placeholder=in_the_cloud.append,
        )
        report = self._writer(arguments.get("encoder")).index(
            roots,
            events,
            confirm=arguments.get("confirm", True),
            redecode=arguments.get("redecode", False),
            unreadable=unreadable,
        )
        report.skipped += [{"path": str(path), "reason": IN_THE_CLOUD} for path in in_the_cloud]
        return _outcome(report)

    def _use(self, arguments: Json) -> Outcome:
        name = arguments["encoder"]
        if self._ingest is None:
            self._ingest = self._new_ingest(name)
        report = self._ingest.use(name)
        return Outcome({"encoder": name, **_outcome(report).result}, DONE)

    def _forget(self, arguments: Json) -> Outcome:
        paths = [Path(path) for path in arguments["paths"]]
        with self.library.write() as connection:
            found = catalog.locations_below(connection, paths)
            unread = [*catalog.failures(connection, paths), *catalog.skips(connection, paths)]
            gone: list[int] = []
            if not arguments.get("dry_run"):
                gone = catalog.remove_locations(connection, [place.id for place in found.values()])
                for path in unread:
                    catalog.clear_failure(connection, path)
                    catalog.clear_skip(connection, path)
        if not arguments.get("dry_run"):
            commit.sweep(self.library)
        forgotten = sorted({str(path) for path in [*found, *unread]})
        return Outcome({"forgotten": forgotten, "videos": len(gone)}, DONE)

    def _retry(self, arguments: Json) -> Outcome:
        only = [Path(path) for path in arguments["paths"]] or None
        with self.library.write() as connection:
            paths = list(catalog.failures(connection, only))
            for path in paths:
                catalog.clear_failure(connection, path)
        present = [str(path) for path in paths if path.is_file()]
        if not present:
            return Outcome({"retried": 0, **_outcome(Report()).result}, DONE)
        outcome = self._index({"paths": present})
        return Outcome({"retried": len(present), **outcome.result}, outcome.exit_code)

    def _check(self, arguments: Json) -> Outcome:
        before = check(self.library)
        result: Json = {"problems": before.problems, "repaired": False}
        exit_code = 6 if before.problems else DONE
        if before.problems and arguments.get("repair"):
            with self.library.write() as connection:
                catalog.mark_frames_lost(connection, before.lost_frames)
            repair(self.library, before)
            with self.library.read() as connection:
                lacking = spaces.active_space(connection)
                missing = [] if lacking is None else spaces.missing_vectors(connection, lacking.id)
            if missing:
                ingest = self._writer(None)
                ingest.use(ingest.wanted)
            commit.sweep(self.library)
            after = check(self.library)
            result |= {"repaired": not after.problems, "decode_again": len(before.lost_frames)}
            exit_code = 6 if after.problems else DONE
            before = dataclasses.replace(after, problems=before.problems)
        result |= {"videos": before.videos, "vectors": before.vectors, "frames": before.frames}
        return Outcome(result, exit_code)

    # Parts

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

    def _attend(self, ingest: Ingest) -> None:
        """Between two batches: other processes' requests close the batch and are carried out."""
        now = time.monotonic()
        if now - self._attended < ATTEND_SECONDS:
            return
        self._attended = now
        if requests.waiting(self.library):
            ingest.flush()
            requests.serve(self.library, self.perform)
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


def new_decoder(config: Config) -> DecodeWorker:
    """A decoding process with the limits of the settings."""
    return new_worker(
        decoder=config.decoder,
        memory_mib=config.decode_memory_mib,
        reply_seconds=config.decode_timeout_seconds,
    )
