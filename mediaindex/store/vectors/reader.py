"""The vectors of a space as one search sees them: SQLite's snapshot first, then the mapped files.

A vector that no committed row owns is not seen; a generation that the files lack is read from LanceDB. If
the sweeper ran meanwhile (the epoch changed), the search asks again.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import numpy as np
import sqlalchemy as sa
from numpy.typing import NDArray

from mediaindex.errors import StoreError
from mediaindex.store.catalog.database import EPOCH, get_meta
from mediaindex.store.catalog.lookup import FrameSpan
from mediaindex.store.layout import MATRIX
from mediaindex.store.mapped.bank import Bank
from mediaindex.store.mapped.matrix import Matrix
from mediaindex.store.mapped.rows import VectorRows
from mediaindex.store.mapped.segments import segment_table
from mediaindex.store.mapped.snapshot import SpaceSnapshot
from mediaindex.store.mapped.state_file import has_hubs
from mediaindex.store.mapped.visible import Visible, read_visible
from mediaindex.store.vectors.spaces import Space, extractions_of

if TYPE_CHECKING:
    from mediaindex.store.library import Library

Result = TypeVar("Result")
NEAREST_FRAMES = 4096
"""So many frames are asked of the index."""
NEIGHBOURS = 3
"""So many segments on each side of one that the index finds may belong to its moment."""


@dataclass(frozen=True, slots=True, eq=False)
class SegmentFeatures:
    """K segments with up to F frames, as an encoder gave them.

    Attributes:
        frames: (K, F, D), not normalised. mask: (K, F) bool, True at a real frame.
        evidence: (K, F, E), None where it was not asked for or is not stored.
    """

    frames: NDArray[np.float32]
    mask: NDArray[np.bool_]
    evidence: NDArray[np.float16] | None


def consistent(library: Library, read: Callable[[sa.Connection], Result]) -> Result:
    """Run a read in one snapshot, again if the sweeper removed vectors under it.

    Raises:
        StoreError: the vectors cannot be read although nothing was swept.
    """
    while True:
        error: StoreError | None = None
        result: Result | None = None
        with library.read() as connection:
            epoch = get_meta(connection, EPOCH)
            try:
                result = read(connection)
            except StoreError as caught:
                error = caught
        with library.read() as connection:
            if get_meta(connection, EPOCH) != epoch:
                continue
        if error is not None:
            raise error
        assert result is not None
        return result


class SpaceReader:
    """The visible vectors of one space, kept in memory between the searches of a process."""

    def __init__(self, library: Library, space: Space) -> None:
        self._library = library
        self.space = space
        self._matrix: Matrix | None = None
        self._visible: Visible | None = None
        self._snapshot: SpaceSnapshot | None = None
        self._bank: Bank | None = None

    def snapshot(self, connection: sa.Connection) -> SpaceSnapshot:
        """What a snapshot of SQLite shows of the space; the one from before where nothing changed.

        Raises:
            StoreError: vectors are missing or damaged.
        """
        visible = read_visible(connection, self.space.id, self._visible)
        if self._snapshot is None or visible is not self._visible or self._may_get_hubs(self._snapshot):
            self._snapshot = self._taken(connection, visible)
            self._visible = visible
        return self._snapshot

    def _may_get_hubs(self, snapshot: SpaceSnapshot) -> bool:
        """Whether the files hold hubs since, of which no commit tells."""
        of_files = snapshot.hubs is None and len(snapshot.vectors) == 1 and len(snapshot) > 0
        return of_files and has_hubs(self._library.root / MATRIX, self.space.id)

    def _taken(self, connection: sa.Connection, visible: Visible) -> SpaceSnapshot:
        before, known = self._snapshot, self._matrix
        matrix = self._matrix = self._library.matrix(self.space).load()
        if before is not None and known is not None and matrix.holds_the_rows_of(known):
            snapshot = before.shows(visible)
            if not len(snapshot.lacking):
                return snapshot
        snapshot = SpaceSnapshot.of(matrix, visible)
        if len(snapshot.lacking):
            snapshot = snapshot.with_rows(*self._stored(connection, snapshot), visible)
        if len(snapshot.lacking):
            raise self._missing()
        return snapshot

    def _stored(
        self, connection: sa.Connection, snapshot: SpaceSnapshot
    ) -> tuple[VectorRows, NDArray[np.void]]:
        """The rows of LanceDB that the files lack, and their segments."""
        rows = self._library.vectors(self.space).read(snapshot.lacking.tolist())
        if not np.isfinite(rows.vector).all():
            raise StoreError(f"{self._folder} holds damaged vectors; run 'mediaindex check --repair'")
        rows = rows.take(np.lexsort((rows.frame, rows.generation)))
        extractions = extractions_of(connection, self.space.id, np.unique(rows.generation).tolist())
        first_row = len(snapshot.vectors[0])
        return rows, segment_table(connection, extractions, rows, first_row=first_row)

    @property
    def root(self) -> Path:
        """The folder of the library."""
        return self._library.root

    @property
    def bank(self) -> Bank | None:
        """The bank of queries of the space, None where it has none yet; read once."""
        if self._bank is None:
            self._bank = self._library.bank(self.space).load()
        return self._bank

    @property
    def has_index(self) -> bool:
        """Whether LanceDB has an index of the vectors."""
        return self._library.vectors(self.space).has_index

    def segments_near(self, snapshot: SpaceSnapshot, query: NDArray[np.float32]) -> NDArray[np.intp]:
        """The segments of the frames that the index finds for a unit vector, and those beside them.

        Returns:
            Places in the snapshot, ascending.
        """
        found = snapshot.segments_with(*self._library.vectors(self.space).nearest(query, NEAREST_FRAMES))
        around = np.unique(found[:, None] + np.arange(-NEIGHBOURS, NEIGHBOURS + 1))
        around = around[(around >= 0) & (around < len(snapshot))]
        return around[np.isin(snapshot.video[around], snapshot.video[found])]

    def features(
        self, snapshot: SpaceSnapshot, segments: NDArray[np.intp], *, evidence: bool
    ) -> SegmentFeatures:
        """What a generator reads of some segments: from the files, where these lack it from LanceDB.

        Args:
            segments: (K,) places in the snapshot.

        Raises:
            StoreError: some are missing.
        """
        counts = snapshot.segments["frames"][segments]
        mask = np.arange(counts.max()) < counts[:, None]
        rows = snapshot.rows_of(segments) or self._rows_of_spans(snapshot.spans(segments))
        frames = np.zeros((*mask.shape, self.space.dim), np.float32)
        frames[mask] = rows.vector.astype(np.float32) * rows.norm[:, None]
        if not evidence or rows.evidence is None:
            return SegmentFeatures(frames, mask, None)
        beside = np.zeros((*mask.shape, rows.evidence.shape[1]), np.float16)
        beside[mask] = rows.evidence
        return SegmentFeatures(frames, mask, beside)

    def regions(
        self, snapshot: SpaceSnapshot, segments: NDArray[np.intp], *, scorer: str, width: int
    ) -> NDArray[np.uint8]:
        """What a scorer reads of the frames of some segments, (K, F, W) bytes, zeros where there is nothing.

        Args:
            segments: (K,) places in the snapshot. scorer: its digest. width: W.
        """
        return self._library.regions(self.space).read(scorer, snapshot.spans(segments), width)

    def _rows_of_spans(self, spans: list[FrameSpan]) -> VectorRows:
        rows = self._library.vectors(self.space).read_spans(spans)
        names = zip(rows.generation.tolist(), rows.frame.tolist(), strict=True)
        place = {name: number for number, name in enumerate(names)}
        try:
            order = [place[span.generation, span.first + n] for span in spans for n in range(span.count)]
        except KeyError as error:
            raise self._missing() from error
        return rows.take(np.array(order))

    def _missing(self) -> StoreError:
        return StoreError(f"vectors are missing in {self._folder}; run 'mediaindex check --repair'")

    @property
    def _folder(self) -> Path:
        return self._library.root / "vectors"
