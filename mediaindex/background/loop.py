"""The loop of `watch`: the first pass, then whatever changes, for as long as it runs.

Events are hints: a path that has become quiet is looked at by a small pass of the same corridor that
`index` walks, and a rescan of every source, now and then and whenever the watcher doubts itself, is
the source of truth. Between two files of any pass the loop takes a turn: what changed meanwhile, what
other processes ask, what the user paused. So a first pass of days holds up nothing.
"""

from __future__ import annotations

import contextlib
import logging
import os
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from mediaindex.background.sd_notify import Notifier
from mediaindex.background.throttle import Throttle
from mediaindex.errors import MediaIndexError, NoSpace
from mediaindex.ingest.writer.perform import Writer, WriterSettings
from mediaindex.ingest.writer.requests import ConfirmRequest, IndexRequest, Json, Request, TidyRequest
from mediaindex.sources.watch.watcher import Watcher
from mediaindex.store.catalog import failures, sources
from mediaindex.store.library import Library
from mediaindex.store.state import clear_watch_state, paused, set_watch_state

logger = logging.getLogger(__name__)

WAIT_SECONDS = 0.5
# The table of sources and the dead-letter clock are read this often.
LOOKED_SECONDS = 2.0
# Without work for so long, what was believed by size and partial hash is confirmed.
IDLE_SECONDS = 60.0
RETRY_SECONDS = 20.0
NO_SPACE_SECONDS = 30.0
HOUSEKEEPING_SECONDS = 6 * 3600.0
TOLD_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class WatchPolicy:
    """How a library is followed.

    Attributes:
        quiet_seconds: a file is looked at when it has not changed for so long.
        rescan_seconds: between two scans of everything.
        looks_first: names, headers and one frame of everything before the first video is decoded in full.
        forget_after_seconds: a missing file is forgotten after so long.
    """

    quiet_seconds: float = 2.0
    rescan_seconds: float = 900.0
    looks_first: bool = True
    forget_after_seconds: float = 30 * 86_400.0


class WatchLoop:
    """Keeps a library true to its sources. Use it only with the lock held.

    Args:
        tell: told of every event, as the JSON of `watch` describes them.
        progress: told where a pass stands.
        clock: seconds that never go back.
    """

    def __init__(
        self,
        library: Library,
        settings: WriterSettings,
        policy: WatchPolicy,
        throttle: Throttle,
        *,
        tell: Callable[[Json], None],
        progress: Callable[[Json], None] = lambda _: None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.library = library
        self.policy = policy
        self._tell = tell
        self._progress = progress
        self._clock = clock
        self._throttle = throttle
        self._notifier = Notifier()
        self._watcher = Watcher(self._roots(), rules=settings.rules, quiet_seconds=policy.quiet_seconds)
        self.writer = Writer(
            library, settings, between=self._turn, unsettled=lambda: self._watcher.unsettled()
        )
        self._rescans: dict[Path, str] = {}
        self._in_pass = self._holding = False
        # Until when nothing is tried again, and why.
        self._no_space: tuple[float, str] | None = None
        self._waits: str | None = None
        self._told_waits: str | None = None
        self._stands: Json = {}
        self._since = time.time()
        self._looked = self._worked = self._kept_house = self._retried = self._told = float("-inf")
        self._unconfirmed = True
        self._scanned = clock()

    def run(self) -> None:
        """Follow until KeyboardInterrupt; what was committed stays, the rest is done by the next run."""
        with self._watcher:
            try:
                self._follow()
            finally:
                self._notifier.stopping()
                with contextlib.suppress(MediaIndexError), self.library.write() as connection:
                    clear_watch_state(connection)
                    sources.note_polling(connection, dict.fromkeys(self._watcher.observed))

    def _follow(self) -> None:
        self._tell({"event": "started", "pid": os.getpid(), "sources": [str(p) for p in self._roots()]})
        self._notifier.ready()
        # Every root calls for a scan when it is taken up: this is that scan.
        self._watcher.wait(0.0)
        self._pass("first", self._roots(), looks_first=self.policy.looks_first)
        while True:
            self.writer.serve()
            self._turn()
            self._take_changes(WAIT_SECONDS)
            self._when_due()

    # Turns

    def _turn(self) -> None:
        """What is done between two files, in the middle of a pass too."""
        self._notifier.alive()
        self._notice_sources()
        self._tell_state()
        if self._holding or self.writer.depth != (1 if self._in_pass else 0):
            return  # within what somebody asked for, or within a small pass, which ends soon
        self._hold_back()
        if self._in_pass:
            self._take_changes(0.0)
            self._rescan()

    def _hold_back(self) -> None:
        """Wait while the user, the battery or the load asks for it; requests are carried out meanwhile."""
        self._holding = True
        try:
            while (reason := self._reason_to_wait()) is not None:
                if reason != self._waits:
                    self._waits = reason
                    self._tell({"event": "paused", "reason": reason})
                self._notifier.alive()
                self._tell_state()
                self.writer.serve()
                time.sleep(WAIT_SECONDS)
        finally:
            self._holding = False
        if self._waits is not None:
            self._waits = None
            self._tell({"event": "resumed"})

    def _reason_to_wait(self) -> str | None:
        with self.library.read() as connection:
            pause = paused(connection)
        if pause is not None:
            return f"paused by {pause.by}"
        if self._no_space is not None and self._clock() < self._no_space[0]:
            return self._no_space[1]
        return self._throttle.reason()

    def _take_changes(self, timeout: float) -> None:
        for path in self.writer.released():
            self._watcher.note(path)
        changes = self._watcher.wait(timeout)
        self._rescans |= dict(changes.rescan)
        if changes.paths:
            self._pass("change", changes.paths)

    def _when_due(self) -> None:
        """What the clock asks for, outside of every pass."""
        now = self._clock()
        if now - self._scanned >= self.policy.rescan_seconds:
            self._rescans |= dict.fromkeys(self._roots(), "it is time")
        self._rescan()
        self._retry_due()
        if self._unconfirmed and now - self._worked >= IDLE_SECONDS:
            self._unconfirmed = False
            self._carry_out(ConfirmRequest(tuple(self._roots())))
        if now - self._kept_house >= HOUSEKEEPING_SECONDS:
            self._kept_house = now
            self._carry_out(TidyRequest(self.policy.forget_after_seconds))

    def _rescan(self) -> None:
        """Scan the roots that call for it; a new source need not wait for the end of a long pass."""
        if self._rescans:
            rescans, self._rescans = self._rescans, {}
            looks_first = self.policy.looks_first
            self._pass(
                "rescan", list(rescans), looks_first=looks_first, because=sorted(set(rescans.values()))
            )

    def _retry_due(self) -> None:
        if self._clock() - self._retried < RETRY_SECONDS:
            return  # of what is passed over now, nothing changes the date
        self._retried = self._clock()
        with self.library.read() as connection:
            due = failures.due_failures(connection, time.time())
        if due:
            self._pass("retry", due)

    # Passes

    def _pass(
        self, why: str, paths: Sequence[Path], *, looks_first: bool = False, because: Sequence[str] = ()
    ) -> None:
        if not paths:
            return
        if why in ("first", "rescan"):
            self._scanned = self._clock()
        self._tell(
            {"event": "looking", "why": why, "because": list(because), "paths": [str(p) for p in paths]}
        )
        outer, self._in_pass = self._in_pass, True
        try:
            report = self._carry_out(
                IndexRequest(tuple(paths), automatic=True, confirm=False, looks_first=looks_first)
            )
        finally:
            self._in_pass = outer
        if any(report.get(name) for name in ("indexed", "moved", "copies", "failed", "decoded")):
            self._worked, self._unconfirmed = self._clock(), True
        if report:
            self._tell({"event": "looked", "why": why, **report})

    def _carry_out(self, request: Request) -> Json:
        """What came of it; empty where the disk is full, after which everything is looked at again."""
        try:
            return self.writer.perform(request, self._note_progress).result
        except NoSpace as error:
            if self.writer.depth:
                raise
            logger.warning("%s", error)
            self._no_space = (self._clock() + NO_SPACE_SECONDS, str(error))
            self._rescans |= dict.fromkeys(self._roots(), "the disk was full")
            return {}

    def _note_progress(self, told: Json) -> None:
        """Where a pass stands, for `watch --status` and for whoever looks at the terminal."""
        self._stands = told
        self._progress(told)

    # What other processes see

    def _roots(self) -> list[Path]:
        with self.library.read() as connection:
            return [source.path for source in sources.all_sources(connection)]

    def _notice_sources(self) -> None:
        """Another process added or removed a source: follow what the table says."""
        now = self._clock()
        if now - self._looked < LOOKED_SECONDS:
            return
        self._looked = now
        roots, followed = set(self._roots()), set(self._watcher.observed)
        for root in followed - roots:
            self._watcher.remove(root)
        for root in roots - followed:
            self._watcher.add(root)
            self._rescans[root] = "it is a new source"

    def _tell_state(self) -> None:
        """Keep the row that `watch --status` reads fresh, which costs an fsync."""
        now = self._clock()
        if now - self._told < TOLD_SECONDS and self._waits == self._told_waits:
            return
        self._told, self._told_waits = now, self._waits
        stands = self._stands if self.writer.depth else None
        state = {
            "pid": os.getpid(),
            "since": self._since,
            "state": "paused" if self._waits else "working" if self.writer.depth else "waiting",
            "reason": self._waits,
            "progress": stands,
            "told_at": time.time(),
        }
        self._notifier.status(str(state["reason"] or (stands or {}).get("stage") or "waiting for changes"))
        with self.library.write() as connection:
            set_watch_state(connection, state)
            sources.note_polling(connection, self._watcher.observed)
