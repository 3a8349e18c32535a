"""The durable vectors of one embedding space: a LanceDB table, always rebuildable from frames/.

LanceDB raises RuntimeError, OSError and ValueError; a `LanceSpace` raises what `translated` makes of them.
"""

from __future__ import annotations

import contextlib
import re
import socket
import warnings
from collections.abc import Iterator, Sequence
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from mediaindex.errors import MediaIndexError, NoSpace, StoreError
from mediaindex.store.mapped.rows import VectorRows, joined
from mediaindex.store.vectors.table_files import SyncedNames, sync_new_files

if TYPE_CHECKING:
    from mediaindex.store.catalog.lookup import FrameSpan

DELETE_AT_ONCE = 500
SPANS_AT_ONCE = 64
ROWS_AT_ONCE = 1 << 14


def translated(error: Exception, path: Path) -> MediaIndexError:
    """The user's error for LanceDB's, which has no types: the text is all there is."""
    text = str(error)
    if re.search(r"os error (28|122)\b", text):
        return NoSpace(f"no space left for {path}; free space on this disk and run again")
    if re.search(r"os error (30|13|1)\b", text):
        return NoSpace(f"{path} cannot be written; check its permissions")
    return StoreError(f"the vectors in {path} cannot be read; run 'mediaindex check --repair'")


class LanceSpace:
    """One LanceDB table, `space_<id>`.

    Args:
        folder: the library's vectors/ folder.
        dim: D. evidence_dim: E or None.
    """

    def __init__(self, folder: Path, space_id: int, dim: int, evidence_dim: int | None) -> None:
        self.folder = folder
        self.name = f"space_{space_id}"
        self.dim = dim
        self.evidence_dim = evidence_dim
        self._synced: SyncedNames = {}
        self._opened: Any = None

    @property
    def _table(self) -> Any:
        if self._opened is None:
            with self._errors():
                self._opened = self._open()
        return self._opened

    def _open(self) -> Any:
        database = connect(self.folder)
        if self.exists:
            return database.open_table(self.name)  # `create_table` would try to write
        table = database.create_table(self.name, schema=self._schema(), exist_ok=True)
        self._synced = sync_new_files(self.folder, self._synced)
        return table

    @property
    def exists(self) -> bool:
        """Whether the table is there; a reader must not make it."""
        return (self.folder / f"{self.name}.lance").is_dir()

    def _nothing(self) -> VectorRows:
        empty = np.empty((0, self.dim), np.float16)
        return VectorRows(np.empty(0, np.int64), np.empty(0, np.int32), np.empty(0, np.float32), empty)

    def _schema(self) -> Any:
        import pyarrow as pa

        fields = [
            pa.field("generation", pa.int64(), False),
            pa.field("frame", pa.int32(), False),
            pa.field("norm", pa.float32(), False),
            pa.field("vector", pa.list_(pa.float16(), self.dim), False),
        ]
        if self.evidence_dim:
            fields.append(pa.field("evidence", pa.list_(pa.float16(), self.evidence_dim), True))
        return pa.schema(fields)

    @contextlib.contextmanager
    def _errors(self) -> Iterator[None]:
        try:
            yield
        except (RuntimeError, OSError, ValueError) as error:
            raise translated(error, self.folder) from error

    def add(self, rows: VectorRows) -> None:
        """Append rows and fsync what LanceDB wrote, which it never does itself."""
        import pyarrow as pa

        if not len(rows):
            return
        columns: list[Any] = [rows.generation, rows.frame, rows.norm, _lists(rows.vector, self.dim)]
        if self.evidence_dim:
            columns.append(
                pa.nulls(len(rows), pa.list_(pa.float16(), self.evidence_dim))
                if rows.evidence is None
                else _lists(rows.evidence, self.evidence_dim)
            )
        with self._errors():
            self._table.add(pa.table(columns, schema=self._schema()))
            self._synced = sync_new_files(self.folder / f"{self.name}.lance", self._synced)

    def delete(self, generations: Sequence[int]) -> None:
        """Remove rows; a call without generations makes no version."""
        with self._errors():
            for start in range(0, len(generations), DELETE_AT_ONCE):
                chunk = ",".join(str(int(g)) for g in generations[start : start + DELETE_AT_ONCE])
                self._table.delete(f"generation IN ({chunk})")
            if generations:
                self._synced = sync_new_files(self.folder / f"{self.name}.lance", self._synced)

    def read(self, generations: Sequence[int] | None = None) -> VectorRows:
        """All rows, or those of these generations, in table order; none where there is no table."""
        if not self.exists:
            return self._nothing()
        with self._errors():
            columns = [field.name for field in self._schema()]
            scan = self._table.search().select(columns).limit(None)
            if generations is not None and len(generations) <= DELETE_AT_ONCE:
                chosen = ",".join(str(int(g)) for g in generations)
                scan = scan.where(f"generation IN ({chosen or 'NULL'})")
            rows = self._rows(scan.to_arrow())
        if generations is not None:
            rows = rows.take(np.isin(rows.generation, np.asarray(list(generations), np.int64)))
        return rows

    def batches(self) -> Iterator[VectorRows]:
        """All rows of the version that is the newest now, block by block; none where there is no table.

        Memory holds one block: LanceDB's own batches run ahead of who reads them, by gigabytes.
        """
        if not self.exists:
            return
        columns = [field.name for field in self._schema()]
        with self._errors():
            # A handle of its own: it stays at this version, whatever is added meanwhile.
            table = connect(self.folder).open_table(self.name)
            table.checkout(table.version)
        start = 0
        while True:
            with self._errors():
                scan = table.search().select(columns).offset(start).limit(ROWS_AT_ONCE)
                rows = self._rows(scan.to_arrow())
            if not len(rows):
                return
            start += len(rows)
            yield rows

    def read_spans(self, spans: Sequence[FrameSpan]) -> VectorRows:
        """The rows of some stretches of frames, in any order, each row once at least."""
        if not self.exists:
            return self._nothing()
        columns = [field.name for field in self._schema()]
        with self._errors():
            parts = []
            for start in range(0, len(spans), SPANS_AT_ONCE):
                chosen = " OR ".join(
                    f"(generation = {span.generation:d} AND frame >= {span.first:d} AND frame < {span.end:d})"
                    for span in spans[start : start + SPANS_AT_ONCE]
                )
                scan = self._table.search().select(columns).limit(None).where(chosen)
                parts.append(self._rows(scan.to_arrow()))
        return joined(parts)

    def generations(self) -> set[int]:
        """The distinct generations that the table holds."""
        if not self.exists:
            return set()
        with self._errors():
            found = self._table.search().select(["generation"]).limit(None).to_arrow()
            return set(found["generation"].unique().to_pylist())

    def nearest(self, query: NDArray[np.float32], limit: int) -> tuple[NDArray[np.int64], NDArray[np.int32]]:
        """Generation and frame of the rows most like a unit vector, through the index where there is one."""
        with self._errors():
            found = (
                self._table.search(query.astype(np.float16), vector_column_name="vector")
                .distance_type("dot")
                .nprobes(50)
                .refine_factor(10)
                .limit(limit)
                .select(["generation", "frame", "_distance"])
                .to_arrow()
            )
        return found["generation"].to_numpy().astype(np.int64), found["frame"].to_numpy().astype(np.int32)

    @property
    def has_index(self) -> bool:
        """Whether the vectors have an index."""
        if not self.exists:
            return False
        with self._errors():
            return any("vector" in index.columns for index in self._table.list_indices())

    def build_index(self) -> None:
        """Build the index of the vectors, and one that finds a generation."""
        from lancedb.index import BTree, IvfRq

        with self._errors():
            self._table.create_index("vector", config=IvfRq(distance_type="dot"))
            self._table.create_index("generation", config=BTree())

    def drop_index(self) -> None:
        """Remove the index of the vectors."""
        with self._errors():
            for index in self._table.list_indices():
                if "vector" in index.columns:
                    self._table.drop_index(index.name)

    def fragments(self) -> int:
        """How many pieces the newest version has: they, not rows, cost time."""
        if not self.exists:
            return 0
        with self._errors():
            return int(self._table.stats()["fragment_stats"]["num_fragments"])

    def data_files(self) -> int:
        """How many files hold rows, of all versions; at least one for each fragment."""
        return len(list((self.folder / f"{self.name}.lance" / "data").glob("*.lance")))

    def versions(self) -> list[Path]:
        """The manifest of each version that is kept; their order is LanceDB's own affair."""
        return list((self.folder / f"{self.name}.lance" / "_versions").glob("*.manifest"))

    def merge(self) -> None:
        """Write a version with few fragments, which brings the indexes up to date too."""
        with self._errors():
            self._table.optimize()
            self._synced = sync_new_files(self.folder / f"{self.name}.lance", self._synced)

    def prune(self, kept: timedelta) -> None:
        """Merge, and remove the versions that are older, but never the newest.

        A reader that is still reading one of them fails: it must be old enough, or the reader must
        see another sweep epoch and ask again. A merged table gets no new version by this.
        """
        with self._errors(), warnings.catch_warnings():
            # LanceDB warns of readers whenever less than its 7 days are asked for.
            warnings.simplefilter("ignore", UserWarning)
            for tag in self._table.tags.list():
                self._table.tags.delete(tag)  # a tagged version would make the clean-up fail
            self._table.optimize(cleanup_older_than=kept)
            self._synced = sync_new_files(self.folder / f"{self.name}.lance", self._synced)

    def _rows(self, table: Any) -> VectorRows:
        count = table.num_rows
        evidence = None
        if "evidence" in table.column_names and count and not table["evidence"].null_count:
            evidence = _matrix(table["evidence"], self.evidence_dim or 0)
        return VectorRows(
            table["generation"].to_numpy().astype(np.int64),
            table["frame"].to_numpy().astype(np.int32),
            table["norm"].to_numpy().astype(np.float32),
            _matrix(table["vector"], self.dim),
            evidence,
        )


def _lists(values: NDArray[np.float16], width: int) -> Any:
    import pyarrow as pa

    return pa.FixedSizeListArray.from_arrays(pa.array(np.ascontiguousarray(values).reshape(-1)), width)


def _matrix(column: Any, width: int) -> NDArray[np.float16]:
    flat = column.combine_chunks().flatten().to_numpy(zero_copy_only=False)
    return np.ascontiguousarray(flat, dtype=np.float16).reshape(-1, width)


def load_lancedb() -> Any:
    """The module, imported without an internet socket.

    urllib3, which LanceDB loads for its cloud, opens one at its import to learn whether there is IPv6.
    """
    with _without_ipv6():
        import lancedb
    return lancedb


@contextlib.contextmanager
def _without_ipv6() -> Iterator[None]:
    had_ipv6 = socket.has_ipv6
    socket.has_ipv6 = False
    try:
        yield
    finally:
        socket.has_ipv6 = had_ipv6


def connect(folder: Path) -> Any:
    """The database in a folder; a handle sees every other process's commits at once."""
    return load_lancedb().connect(folder, read_consistency_interval=timedelta(0))
