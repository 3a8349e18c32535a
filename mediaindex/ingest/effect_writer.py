"""The writing of effects: at once, or a little later together with others."""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence

from mediaindex.errors import MediaError
from mediaindex.ingest.embedder import Embedder
from mediaindex.ingest.reconcile.decision import Effect
from mediaindex.ingest.reconcile.location_effects import NoteFailure
from mediaindex.ingest.reconcile.retry_policy import failure_after
from mediaindex.media import FileEvent
from mediaindex.store.catalog.database import UNSTORABLE
from mediaindex.store.catalog.failures import Failure
from mediaindex.store.library import Library

logger = logging.getLogger(__name__)

ROWS_A_TRANSACTION = 500
SECONDS_A_TRANSACTION = 2.0


class EffectWriter:
    """Writes the effects of one pass in the order in which they are given.

    Deferred effects share transactions: one for each of 20 000 touched files would take minutes. A file of
    which something cannot be stored costs nothing but itself: it is noted as failed.
    """

    def __init__(self, library: Library, embedder: Embedder) -> None:
        self._library = library
        self._embedder = embedder
        self._deferred: list[tuple[FileEvent, Sequence[Effect]]] = []
        self._deferred_since = time.monotonic()
        self._refused: list[Failure] = []

    def write(self, event: FileEvent, effects: Sequence[Effect]) -> Failure | None:
        """Write the effects on one file now, in one transaction; then queue what is to be embedded.

        Returns:
            Why the catalog cannot hold them, in which case nothing else of them is written.

        Raises:
            NoSpace: the disk is full; none of them is written.
        """
        try:
            self.write_all(effects)
        except UNSTORABLE as error:
            logger.exception("%s cannot be recorded", event.path)
            failure = failure_after(MediaError(f"it cannot be recorded: {_one_line(error)}"), event, None)
            self.write_all([NoteFailure(failure)])
            return failure
        return None

    def write_all(self, effects: Sequence[Effect]) -> None:
        """Write effects on any number of files now, all or none.

        Raises:
            NoSpace: the disk is full. One of `UNSTORABLE`: the catalog cannot hold one of them.
        """
        if not effects:
            return
        with self._library.write() as connection:
            recorded = [effect.apply(connection) for effect in effects]
        for video in recorded:
            if video is not None:
                self._embedder.add(video)

    def defer(self, event: FileEvent, effects: Sequence[Effect]) -> None:
        """Write these effects soon: with 500 others, or when `flush_old` finds the first two seconds old."""
        if not effects:
            return
        if not self._deferred:
            self._deferred_since = time.monotonic()
        self._deferred.append((event, effects))
        if len(self._deferred) >= ROWS_A_TRANSACTION:
            self.flush()
        self.flush_old()

    def flush(self) -> None:
        """Write all deferred effects in one transaction; where one cannot be stored, each file alone."""
        deferred, self._deferred = self._deferred, []
        try:
            self.write_all([effect for _event, effects in deferred for effect in effects])
        except UNSTORABLE:
            failures = (self.write(event, effects) for event, effects in deferred)
            self._refused += [failure for failure in failures if failure is not None]

    def flush_old(self) -> None:
        """Write the deferred effects if the first of them waits for too long."""
        if self._deferred and time.monotonic() - self._deferred_since > SECONDS_A_TRANSACTION:
            self.flush()

    def take_refused(self) -> list[Failure]:
        """The failures of files whose deferred effects could not be stored; each is returned once."""
        refused, self._refused = self._refused, []
        return refused


def _one_line(error: BaseException) -> str:
    return str(error.__cause__ or error).partition("\n")[0]
