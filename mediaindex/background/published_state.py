"""The state of `watch` for other processes: a row of the catalog, and the service manager's status line."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Callable, Mapping
from pathlib import Path

from mediaindex.background.sd_notify import Notifier
from mediaindex.errors import MediaIndexError, NoSpace, WriterBusy
from mediaindex.ingest.writer.requests import Json
from mediaindex.store.catalog import sources
from mediaindex.store.library import Library
from mediaindex.store.state import clear_watch_state, set_watch_state

INTERVAL_SECONDS = 10.0
"""Between two writes of the same state: each costs an fsync."""


class PublishedState:
    """Keeps the row that `watch --status` reads fresh.

    Args:
        clock: seconds that never go back.

    Attributes:
        pause_reason: why the work is paused, for a person; None while it is not.
        progress: the last progress of a pass, as JSON.
    """

    def __init__(self, library: Library, notifier: Notifier, *, clock: Callable[[], float]) -> None:
        self.pause_reason: str | None = None
        self.progress: Json = {}
        self._library = library
        self._notifier = notifier
        self._clock = clock
        self._since = time.time()
        self._published_at = float("-inf")
        self._published_reason: str | None = None

    def publish(self, *, is_working: bool, observed: Mapping[Path, str | None]) -> None:
        """Write the state where it is due: every ten seconds, and when a pause begins or ends.

        Args:
            is_working: whether a request is being carried out.
            observed: the followed roots, each with the reason why it is polled, or None.
        """
        now = self._clock()
        if now - self._published_at < INTERVAL_SECONDS and self.pause_reason == self._published_reason:
            return
        self._published_at, self._published_reason = now, self.pause_reason
        progress = self.progress if is_working else None
        state = {
            "pid": os.getpid(),
            "since": self._since,
            "state": "paused" if self.pause_reason else "working" if is_working else "waiting",
            "reason": self.pause_reason,
            "progress": progress,
            "told_at": time.time(),
        }
        stage = (progress or {}).get("stage")
        self._notifier.status(str(self.pause_reason or stage or "waiting for changes"))
        # On a full disk, or beside a long writer, the work is not given up for this.
        with contextlib.suppress(NoSpace, WriterBusy), self._library.write() as connection:
            set_watch_state(connection, state)
            sources.note_polling(connection, observed)

    def clear(self, observed: Mapping[Path, str | None]) -> None:
        """Remove the row, and the notes of which of these roots are polled: `watch` ends."""
        with contextlib.suppress(MediaIndexError), self._library.write() as connection:
            clear_watch_state(connection)
            sources.note_polling(connection, dict.fromkeys(observed))
