"""LanceDB's index of a space that is too large to be searched row by row, built by a process of its own.

Building takes minutes, in which the writer goes on. The child ends with its parent, whose pipe it reads; what
a killed child leaves is no version of the table. An index is kept only if it finds 98 % of the 200 nearest
rows of some sentences; one that does not is not built again before the space has grown by half.
"""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mediaindex.errors import MediaIndexError
from mediaindex.store.catalog.database import get_meta, set_meta
from mediaindex.store.library import Library, open_library
from mediaindex.store.mapped.matrix import Matrix
from mediaindex.store.mapped.scan import cosines
from mediaindex.store.vectors.spaces import Space, all_spaces

LEAST_RECALL = 0.98
NEAREST = 200
PROBES = 50
GROWTH = 1.5
DIM_STEP = 8
"""IVF_RQ needs vectors whose dimension is a multiple of this."""


class IndexBuild:
    """The building of one index at a time."""

    def __init__(self) -> None:
        self._child: subprocess.Popen[bytes] | None = None

    @property
    def is_running(self) -> bool:
        """Whether an index is being built."""
        return self._child is not None and self._child.poll() is None

    def begin_if_due(self, library: Library, space: Space, *, exact_limit_mib: int) -> None:
        """Start to build the index of a space where its vectors are above the limit and have none."""
        if self.is_running or not _is_due(library, space, exact_limit_mib):
            return
        command = [sys.executable, "-m", __name__, str(library.root), str(space.id)]
        self._child = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL)

    def wait(self) -> None:
        """Until the index is built."""
        if self._child is not None:
            self._child.wait()
            self.end()

    def end(self) -> None:
        """Stop building; the space stays without an index."""
        if self._child is not None:
            self._child.kill()
            self._child.communicate()
            self._child = None


def _is_due(library: Library, space: Space, exact_limit_mib: int) -> bool:
    try:
        rows = library.matrix(space).count()
    except OSError:  # its disk fails for a moment: the next pass asks again
        return False
    if rows * space.dim * 2 <= exact_limit_mib << 20 or not rows:
        return False
    if space.dim % DIM_STEP:  # LanceDB has no such index: every row is compared
        return False
    with library.read() as connection:
        refused = get_meta(connection, _refused(space))
    if refused is not None and rows < GROWTH * int(refused):
        return False
    return not library.vectors(space).has_index


def _refused(space: Space) -> str:
    """The key of `meta` that says at how many rows an index of the space was of no use."""
    return f"index_refused_{space.id}"


def build(library: Library, space: Space) -> float:
    """Build the index of a space, and drop it where it finds too little; its recall, 0..1.

    Raises:
        StoreError, NoSpace: as LanceDB's errors are told.
    """
    table, matrix = library.vectors(space), library.matrix(space).load()
    table.build_index()
    probes = _probes(library, space, matrix)
    recall = float(np.mean([_recall(library, space, matrix, query) for query in probes]))
    if recall < LEAST_RECALL:
        table.drop_index()
        with library.write() as connection:
            set_meta(connection, _refused(space), str(len(matrix)))
    return recall


def _probes(library: Library, space: Space, matrix: Matrix) -> NDArray[np.float32]:
    """(P, D) unit: sentences of the space's bank, rows where there is none.

    Sentences lie apart from all pictures, and an index finds less of what is near to them than to a picture.
    """
    bank = library.bank(space).load()
    vectors = matrix.vector if bank is None else bank.queries
    chosen = np.random.default_rng(0).choice(len(vectors), min(PROBES, len(vectors)), replace=False)
    return np.asarray(vectors[np.sort(chosen)], np.float32)


def _recall(library: Library, space: Space, matrix: Matrix, query: NDArray[np.float32]) -> float:
    """The share of the nearest rows of a unit vector that the index finds."""
    wanted = min(NEAREST, len(matrix))
    nearest = np.argpartition(-cosines(matrix.vector, query), wanted - 1)[:wanted]
    names = set(zip(matrix.generation[nearest].tolist(), matrix.frame[nearest].tolist(), strict=True))
    generation, frame = library.vectors(space).nearest(query, wanted)
    return len(names & set(zip(generation.tolist(), frame.tolist(), strict=True))) / wanted


def _end_with_parent() -> None:
    # Python's own stream would hold its lock for ever, and the interpreter could not end in order.
    while os.read(sys.stdin.fileno(), 1):
        pass
    os._exit(1)


def main() -> None:
    """Build the index of the library and the space that the arguments name."""
    threading.Thread(target=_end_with_parent, daemon=True).start()
    root, space_id = Path(sys.argv[1]), int(sys.argv[2])
    try:
        with open_library(root) as library:
            with library.read() as connection:
                spaces = {space.id: space for space in all_spaces(connection)}
            if space_id in spaces:  # `models use` may have dropped it meanwhile
                build(library, spaces[space_id])
    except MediaIndexError as error:
        sys.exit(f"the index of {root / 'vectors'} was not built: {error}")


if __name__ == "__main__":
    main()
