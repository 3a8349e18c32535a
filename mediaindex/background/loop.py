"""The loop of `watch`: the first pass, then whatever changes, for as long as it runs.

A file event is only a hint. Once a path is debounced, a small pass of the same corridor that `index`
walks looks at it; a rescan of every source, periodically and whenever the watcher may have missed an
event, finds the rest. Between two files of any pass the loop takes a turn: changes, requests of other
processes, pauses. So a first pass that takes days delays nothing else.
"""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from mediaindex.background.published_state import PublishedState
from mediaindex.background.sd_notify import Notifier
from mediaindex.background.throttle import Throttle
from mediaindex.errors import NoSpace, StoreError, WriterBusy
from mediaindex.ingest.writer.perform import Writer, WriterSettings
from mediaindex.ingest.writer.requests import ConfirmRequest, IndexRequest, Json, Request, TidyRequest
from mediaindex.sources.watch.watcher import Watcher
from mediaindex.store.catalog import failures, sources
from mediaindex.store.library import Library
from mediaindex.store.state import paused

logger = logging.getLogger(__name__)

WAIT_SECONDS = 0.5
SOURCES_SECONDS = 2.0
"""Between two readings of the table of sources."""
IDLE_SECONDS = 60.0
"""Without work for so long, the full hash confirms what size and partial hash identified."""
RETRY_SECONDS = 20.0
"""Between two readings of the times at which failed files are due."""
TROUBLE = (NoSpace, StoreError, WriterBusy)
"""What the library itself may meet at any time, and may be over a little later."""
TROUBLE_SECONDS = 30.0
"""For so long nothing is tried again after it."""
HOUSEKEEPING_SECONDS = 6 * 3600.0

PassKind = Literal["first", "change", "rescan", "retry"]


@dataclass(frozen=True, slots=True)
class WatchPolicy:
    """How a library is followed.

    Attributes:
        quiet_seconds: the debounce: a path is looked at when it has not changed for so long.
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
        self._state = PublishedState(library, self._notifier, clock=clock)
        self._watcher = Watcher(self._roots(), rules=settings.rules, quiet_seconds=policy.quiet_seconds)
        self.writer = Writer(
            library,
            settings,
            between_files=self._turn,
            changing_paths=lambda: self._watcher.unsettled(),
        )
        self._rescans: dict[Path, str] = {}
        self._is_in_pass = self._is_paused = False
        # Until when nothing is tried again, and why.
        self._trouble: tuple[float, str] | None = None
        self._told = ""
        self._sources_read_at = self._worked_at = self._tidied_at = self._retried_at = float("-inf")
        self._has_unconfirmed = True
        self._scanned_at = clock()

    def run(self) -> None:
        """Follow until KeyboardInterrupt; what was committed stays, the rest is done by the next run."""
        # What a watcher left that was killed: its process id may be ours.
        self._state.clear(dict.fromkeys(self._roots()))
        with self._watcher:
            try:
                self._follow()
            finally:
                self._notifier.stopping()
                self.writer.end()
                self._state.clear(self._watcher.observed)

    def _follow(self) -> None:
        self._tell({"event": "started", "pid": os.getpid(), "sources": [str(p) for p in self._roots()]})
        self._notifier.ready()
        # The watcher asks for a scan of every new root; the first pass is that scan.
        self._watcher.wait(0.0)
        self._run_pass("first", self._roots(), looks_first=self.policy.looks_first)
        while True:
            try:
                self.writer.serve()
                self._turn()
                self._take_changes(WAIT_SECONDS)
                self._run_due_work()
            except (NoSpace, WriterBusy) as error:
                if str(error) != self._told:  # not at every turn
                    logger.warning("%s", error)
                self._told = str(error)
                time.sleep(WAIT_SECONDS)

    # A turn: between two files of a pass, and between two passes

    def _turn(self) -> None:
        self._notifier.alive()
        self._follow_sources()
        self._publish_state()
        if self._is_paused or self.writer.depth != (1 if self._is_in_pass else 0):
            return  # within a user's request, or within a small pass, which ends soon
        self._pause_while_needed()
        if self._is_in_pass:
            self._take_changes(0.0)
            self._rescan()

    def _follow_sources(self) -> None:
        """Follow the sources that other processes added, and no longer those that they removed."""
        now = self._clock()
        if now - self._sources_read_at < SOURCES_SECONDS:
            return
        self._sources_read_at = now
        roots, followed = set(self._roots()), set(self._watcher.observed)
        for root in followed - roots:
            self._watcher.remove(root)
        for root in roots - followed:
            self._watcher.add(root)
            self._rescans[root] = "it is a new source"

    def _publish_state(self) -> None:
        self._state.publish(is_working=self.writer.depth > 0, observed=self._watcher.observed)

    def _pause_while_needed(self) -> None:
        """Wait while the user, the battery or the load asks for it; requests are carried out meanwhile."""
        self._is_paused = True
        try:
            while (reason := self._pause_reason()) is not None:
                if reason != self._state.pause_reason:
                    self._state.pause_reason = reason
                    self._tell({"event": "paused", "reason": reason})
                self._notifier.alive()
                self._publish_state()
                self.writer.serve()
                time.sleep(WAIT_SECONDS)
        finally:
            self._is_paused = False
        if self._state.pause_reason is not None:
            self._state.pause_reason = None
            self._tell({"event": "resumed"})

    def _pause_reason(self) -> str | None:
        with self.library.read() as connection:
            pause = paused(connection)
        if pause is not None:
            return f"paused by {pause.by}"
        if self._trouble is not None and self._clock() < self._trouble[0]:
            return self._trouble[1]
        return self._throttle.reason()

    def _take_changes(self, timeout: float) -> None:
        for path in self.writer.released():
            self._watcher.note(path)
        changes = self._watcher.wait(timeout)
        self._rescans |= dict(changes.rescan)
        if changes.paths:
            self._run_pass("change", changes.paths)

    def _rescan(self) -> None:
        """Scan the roots that call for it; a new source need not wait for the end of a long pass."""
        if self._rescans:
            rescans, self._rescans = self._rescans, {}
            reasons = sorted(set(rescans.values()))
            self._run_pass("rescan", list(rescans), looks_first=self.policy.looks_first, reasons=reasons)

    # What is due by the clock, outside of every pass

    def _run_due_work(self) -> None:
        now = self._clock()
        if now - self._scanned_at >= self.policy.rescan_seconds:
            self._rescans |= dict.fromkeys(self._roots(), "it is time")
        self._rescan()
        self._retry_due_files()
        if self._has_unconfirmed and now - self._worked_at >= IDLE_SECONDS:
            self._has_unconfirmed = False
            self._carry_out(ConfirmRequest(tuple(self._roots())))
        if now - self._tidied_at >= HOUSEKEEPING_SECONDS:
            self._tidied_at = now
            self._carry_out(TidyRequest(self.policy.forget_after_seconds))

    def _retry_due_files(self) -> None:
        # A file that a pass left alone stays due, and would come back at once.
        if self._clock() - self._retried_at < RETRY_SECONDS:
            return
        self._retried_at = self._clock()
        with self.library.read() as connection:
            due = failures.due_failures(connection, time.time())
        if due:
            self._run_pass("retry", due)

    # Passes

    def _run_pass(
        self,
        kind: PassKind,
        paths: Sequence[Path],
        *,
        looks_first: bool = False,
        reasons: Sequence[str] = (),
    ) -> None:
        """Look at these paths; events tell of the beginning and of the report.

        Args:
            reasons: why the watcher asked for a rescan.
        """
        if not paths:
            return
        if kind in ("first", "rescan"):
            self._scanned_at = self._clock()
        names = [str(path) for path in paths]
        self._tell({"event": "looking", "why": kind, "because": list(reasons), "paths": names})
        was_in_pass, self._is_in_pass = self._is_in_pass, True
        request = IndexRequest(tuple(paths), automatic=True, confirm=False, looks_first=looks_first)
        try:
            report = self._carry_out(request)
        except TROUBLE as error:  # within another pass, which ends with it
            self._tell({"event": "failed", "why": kind, "reason": str(error)})
            raise
        finally:
            self._is_in_pass = was_in_pass
        if any(report.get(name) for name in ("indexed", "moved", "copies", "failed", "decoded")):
            self._worked_at, self._has_unconfirmed = self._clock(), True
        if report:
            self._tell({"event": "looked", "why": kind, **report})
        elif self._trouble is not None:
            self._tell({"event": "failed", "why": kind, "reason": self._trouble[1]})

    def _carry_out(self, request: Request) -> Json:
        """The result of a request; empty where the library fails: then everything is scanned again later.

        A full disk gets room, a lock is released, and a damaged table may be repaired meanwhile.
        """
        try:
            return self.writer.perform(request, self._note_progress).result
        except TROUBLE as error:
            if self.writer.depth:
                raise
            logger.warning("%s", error)
            self._trouble = (self._clock() + TROUBLE_SECONDS, str(error))
            why = "the disk was full" if isinstance(error, NoSpace) else "the library failed"
            self._rescans |= dict.fromkeys(self._roots(), why)
            return {}

    def _note_progress(self, progress: Json) -> None:
        self._state.progress = progress
        self._progress(progress)

    def _roots(self) -> list[Path]:
        with self.library.read() as connection:
            return [source.path for source in sources.all_sources(connection)]
