"""The vectors of a space as one search sees them: SQLite's snapshot first, then the matrix.

What no committed row owns is not there; a generation that the matrix lacks is read from LanceDB. If
the sweeper ran meanwhile (the epoch changed), the search asks again.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

import numpy as np
import sqlalchemy as sa
from numpy.typing import NDArray

from mediaindex.errors import StoreError
from mediaindex.store import lookup
from mediaindex.store.library import Library
from mediaindex.store.matrix import Matrix
from mediaindex.store.spaces import EPOCH, Space, get_meta

Result = TypeVar("Result")


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
        kept = Matrix(self._matrix.generation[keep], self._matrix.frame[keep], self._matrix.vector[keep])
        self._use(kept.joined(rows))
        if self._lacking(wanted):
            raise StoreError(
                f"vectors are missing in {self._library.root / 'vectors'}; run 'mediaindex check --repair'"
            )

    def _lacking(self, wanted: dict[int, int]) -> list[int]:
        return [g for g, count in wanted.items() if len(self._rows_of.get(g, ())) != count]

    def _use(self, matrix: Matrix) -> None:
        order = np.lexsort((matrix.frame, matrix.generation))
        generations, starts = np.unique(matrix.generation[order], return_index=True)
        self._matrix = matrix
        self._rows_of = dict(zip(generations.tolist(), np.split(order, starts)[1:], strict=True))


def cosines(matrix: NDArray[np.float16], query: NDArray[np.float32]) -> NDArray[np.float32]:
    """(N, D) unit rows times a unit vector → (N,) float32, at memory speed through torch."""
    import torch

    rows = torch.from_numpy(matrix)
    return (rows @ torch.from_numpy(query).to(rows.dtype)).float().numpy()


def now_ms() -> float:
    """A clock for timings, in milliseconds."""
    return 1000.0 * time.perf_counter()
