"""The writing of effects: at once, or a little later together with others."""

from __future__ import annotations

import time
from collections.abc import Sequence

from mediaindex.ingest.embedder import Embedder
from mediaindex.ingest.reconcile.decision import Effect
from mediaindex.store.library import Library

ROWS_A_TRANSACTION = 500
SECONDS_A_TRANSACTION = 2.0


class EffectWriter:
    """Writes the effects of one pass in the order in which they are given.

    Deferred effects share transactions: one for each of 20 000 touched files would take minutes.
    """

    def __init__(self, library: Library, embedder: Embedder) -> None:
        self._library = library
        self._embedder = embedder
        self._deferred: list[Effect] = []
        self._deferred_since = time.monotonic()

    def write(self, effects: Sequence[Effect]) -> None:
        """Write these effects now, in one transaction; then queue the videos that are to be embedded.

        Raises:
            NoSpace: the disk is full; none of them is written.
        """
        if not effects:
            return
        with self._library.write() as connection:
            recorded = [effect.apply(connection) for effect in effects]
        for video in recorded:
            if video is not None:
                self._embedder.add(video)

    def defer(self, effects: Sequence[Effect]) -> None:
        """Write these effects soon: with 500 others, or when `flush_old` finds the first two seconds old."""
        if not self._deferred:
            self._deferred_since = time.monotonic()
        self._deferred += effects
        if len(self._deferred) >= ROWS_A_TRANSACTION:
            self.flush()
        self.flush_old()

    def flush(self, further: Sequence[Effect] = ()) -> None:
        """Write all deferred effects, then these, in one transaction."""
        deferred, self._deferred = self._deferred, []
        self.write((*deferred, *further))

    def flush_old(self) -> None:
        """Write the deferred effects if the first of them waits for too long."""
        if self._deferred and time.monotonic() - self._deferred_since > SECONDS_A_TRANSACTION:
            self.flush()
