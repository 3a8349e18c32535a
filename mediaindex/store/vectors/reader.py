"""The vectors of a space as one search sees them: SQLite's snapshot first, then the matrix.

A vector that no committed row owns is not seen; a generation that the matrix lacks is read from LanceDB. If
the sweeper ran meanwhile (the epoch changed), the search asks again.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import numpy as np
import sqlalchemy as sa
from numpy.typing import NDArray

from mediaindex.errors import StoreError
from mediaindex.store.catalog import lookup
from mediaindex.store.catalog.database import EPOCH, get_meta
from mediaindex.store.catalog.lookup import FrameSpan
from mediaindex.store.vectors.matrix import Matrix
from mediaindex.store.vectors.rows import VectorRows
from mediaindex.store.vectors.spaces import Space

if TYPE_CHECKING:
    from mediaindex.store.library import Library

Result = TypeVar("Result")
_ROWS_AT_ONCE = 16_384


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
    """The visible vectors of one space, kept in memory between the searches of a process.

    Args:
        ann_rows: vectors from which on LanceDB's index finds the candidates, not the matrix.
    """

    def __init__(self, library: Library, space: Space, *, ann_rows: int) -> None:
        self._library = library
        self.space = space
        self._ann_rows = ann_rows
        self._matrix: Matrix | None = None
        self._rows_of: dict[int, NDArray[np.intp]] = {}

    def nearest(
        self,
        connection: sa.Connection,
        query: NDArray[np.float32],
        allowed: set[int] | None,
        limit: int,
    ) -> list[int]:
        """The videos with the best frames for a unit vector, at most `limit`, best first.

        Args:
            allowed: only these videos, None for all.
        """
        visible = lookup.generations(connection, self.space.id)
        open_ = {g: video for g, (video, _n) in visible.items() if allowed is None or video in allowed}
        if sum(count for _video, count in visible.values()) >= self._ann_rows:
            return self._nearest_by_index(query, open_, limit)
        self._hold({generation: count for generation, (_video, count) in visible.items()})
        if len(open_) <= limit:
            return list(open_.values())
        assert self._matrix is not None
        scores = cosines(self._matrix.vector, query)
        best = np.array([scores[self._rows_of[generation]].max() for generation in open_])
        chosen = list(open_.values())
        return [chosen[n] for n in np.argsort(-best, kind="stable")[:limit]]

    def _nearest_by_index(self, query: NDArray[np.float32], open_: dict[int, int], limit: int) -> list[int]:
        """Rows that no visible video owns are dropped; where too few stay, twice as many are asked for."""
        table = self._library.vectors(self.space)
        wanted = 8 * limit
        while True:
            rows = table.nearest(query, wanted)
            found = list(dict.fromkeys(open_[g] for g in rows.generation.tolist() if g in open_))
            if len(found) >= min(limit, len(open_)) or len(rows) < wanted:
                return found[:limit]
            wanted *= 2

    def frames(self, generations: dict[int, int]) -> dict[int, NDArray[np.float32]]:
        """Unit vectors by generation, each (F, D) float32 in the order of frames.

        Args:
            generations: how many vectors each generation has.

        Raises:
            StoreError: some are missing.
        """
        self._hold(generations)
        assert self._matrix is not None
        matrix = self._matrix.vector
        return {g: np.asarray(matrix[self._rows_of[g]], dtype=np.float32) for g in generations}

    def segments(self, spans: Sequence[FrameSpan], *, evidence: bool) -> SegmentFeatures:
        """What a generator reads of some segments: from the matrix, where it lacks them from LanceDB.

        Raises:
            StoreError: some are missing.
        """
        mask = np.arange(max(span.count for span in spans)) < [[span.count] for span in spans]
        rows = self._mapped(spans) or self._stored(spans)
        frames = np.zeros((*mask.shape, self.space.dim), np.float32)
        frames[mask] = rows.vector.astype(np.float32) * rows.norm[:, None]
        if not evidence or rows.evidence is None:
            return SegmentFeatures(frames, mask, None)
        beside = np.zeros((*mask.shape, rows.evidence.shape[1]), np.float16)
        beside[mask] = rows.evidence
        return SegmentFeatures(frames, mask, beside)

    def _mapped(self, spans: Sequence[FrameSpan]) -> VectorRows | None:
        """The rows of the spans in their order, None where the matrix does not hold all of them."""
        matrix = self._matrix
        if matrix is None or matrix.beside is None:
            return None
        none = np.empty(0, np.intp)
        found = [self._rows_of.get(span.generation, none)[span.first : span.end] for span in spans]
        if any(len(rows) != span.count for rows, span in zip(found, spans, strict=True)):
            return None
        rows = np.concatenate(found)
        beside = matrix.beside[rows]
        evidence = beside["evidence"] if beside["evidence"].shape[1] else None
        return VectorRows(
            matrix.generation[rows], matrix.frame[rows], beside["norm"], matrix.vector[rows], evidence
        )

    def _stored(self, spans: Sequence[FrameSpan]) -> VectorRows:
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

    def _hold(self, wanted: dict[int, int]) -> None:
        """Have these generations in memory: from the matrix, what it lacks from LanceDB."""
        if self._matrix is None or self._lacking(wanted):
            self._use(self._library.matrix(self.space).load())
        lacking = self._lacking(wanted)
        if not lacking:
            return
        assert self._matrix is not None
        keep = ~np.isin(self._matrix.generation, np.asarray(lacking))
        rows = self._library.vectors(self.space).read(lacking)
        if not np.isfinite(rows.vector).all():
            raise StoreError(f"{self._folder} holds damaged vectors; run 'mediaindex check --repair'")
        kept = Matrix(self._matrix.generation[keep], self._matrix.frame[keep], self._matrix.vector[keep])
        self._use(kept.joined(rows))
        if self._lacking(wanted):
            raise self._missing()

    def _lacking(self, wanted: dict[int, int]) -> list[int]:
        return [g for g, count in wanted.items() if len(self._rows_of.get(g, ())) != count]

    def _use(self, matrix: Matrix) -> None:
        order = np.lexsort((matrix.frame, matrix.generation))
        generations, starts = np.unique(matrix.generation[order], return_index=True)
        self._matrix = matrix
        self._rows_of = dict(zip(generations.tolist(), np.split(order, starts)[1:], strict=True))


def cosines(matrix: NDArray[np.float16], query: NDArray[np.float32]) -> NDArray[np.float32]:
    """(N, D) unit rows times a unit vector → (N,) float32, at memory speed where torch is loaded already."""
    if "torch" not in sys.modules:
        found = np.empty(len(matrix), np.float32)
        for start in range(0, len(matrix), _ROWS_AT_ONCE):
            rows_of_block = slice(start, start + _ROWS_AT_ONCE)
            found[rows_of_block] = matrix[rows_of_block].astype(np.float32) @ query
        return found
    import torch

    rows = torch.from_numpy(matrix)
    return (rows @ torch.from_numpy(query).to(rows.dtype)).float().numpy()
