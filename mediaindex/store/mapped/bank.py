"""A bank of queries, and what each segment of a space is to them.

Some segments are near to every sentence: hubs. How near a segment is to sentences at large does not depend
on the query, so it is computed when vectors are stored. Of the similarities s of a segment to M bank queries,

    hub = (1 / β) log mean exp(β s)

A similarity less its hub is the logarithm of the inverted softmax (Smith et al., arXiv 1702.03859) divided
by β, up to a constant.

    matrix/bank_<space>.npy    (M, D) float32 unit rows: the queries
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mediaindex.store.layout import make_private_folder, private, sync_path
from mediaindex.store.mapped.scores import SegmentScorer
from mediaindex.store.mapped.segments import lies_within, whole_generations

BETA = 20.0
QUERIES_AT_ONCE = 128
_DIGEST_DIGITS = 16


@dataclass(frozen=True, slots=True, eq=False)
class Hubs:
    """What segments are to a bank.

    Attributes:
        bank: the digest of the bank. values: (S,) of each, in the order of the segments.
    """

    bank: str
    values: NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class Bank:
    """The queries of a bank in one space.

    Attributes:
        queries: (M, D) unit rows, M ≥ 1. digest: names them, and how hubs follow from them.
    """

    queries: NDArray[np.float32]
    digest: str

    @classmethod
    def of(cls, queries: NDArray[np.float32]) -> Bank:
        """For unit rows, (M, D).

        Raises:
            ValueError: there is none, or one of them is not finite.
        """
        rows = np.ascontiguousarray(queries, np.float32)
        if rows.ndim != 2 or not len(rows) or not np.isfinite(rows).all():
            raise ValueError(f"a bank is at least one query of finite numbers, not {rows.shape}")
        named = hashlib.sha256(rows.tobytes() + f" beta {BETA}".encode())
        return cls(rows, named.hexdigest()[:_DIGEST_DIGITS])

    def hubs(
        self,
        generation: NDArray[np.int64],
        vectors: NDArray[np.float16],
        segments: NDArray[np.void],
        *,
        first_row: int,
        blend: float,
        attend: Callable[[], None] = lambda: None,
    ) -> Hubs | None:
        """What the segments of some rows are to the bank; None where the table does not fit the rows.

        Args:
            generation: (N,) of each row, whole ones. vectors: (N, D) unit rows.
            segments: (S,) of `SEGMENT`, those of these rows, in their order.
            first_row: where the first row stands in the matrix. blend: w of the similarity.
            attend: called now and then.
        """
        values = np.full(len(segments), np.nan, np.float32)
        for start, end in whole_generations(generation):
            first, behind = np.searchsorted(segments["row"], [first_row + start, first_row + end])
            table = segments[first:behind].copy()
            table["row"] -= first_row + start
            table["around"] -= first_row + start
            if not lies_within(table, end - start):
                return None
            values[first:behind] = self._of_block(vectors[start:end], table, blend, attend)
        # A damaged table may have segments in no order: then some of them were passed over.
        return Hubs(self.digest, values) if np.isfinite(values).all() else None

    def _of_block(
        self,
        vectors: NDArray[np.float16],
        segments: NDArray[np.void],
        blend: float,
        attend: Callable[[], None],
    ) -> NDArray[np.float64]:
        """(S,) as `hubness` has it, without the similarities of all queries at once."""
        scorer, rows = SegmentScorer.of(segments), vectors.astype(np.float32).T
        total = np.zeros(len(segments))
        for start in range(0, len(self.queries), QUERIES_AT_ONCE):
            part = scorer.similarities(self.queries[start : start + QUERIES_AT_ONCE] @ rows, blend=blend)
            total += np.exp(BETA * part.astype(np.float64)).sum(axis=0)
            attend()
        hubs: NDArray[np.float64] = np.log(total / len(self.queries)) / BETA
        return hubs


def hubness(bank: NDArray[np.floating], *, beta: float) -> NDArray[np.float64]:
    """How near each gallery item is to queries at large, (N,): (1/β) log mean_bank exp(β S_bank).

    Args:
        bank: (M, N) similarities of M ≥ 1 bank queries with the gallery.
        beta: inverse temperature, above 0.

    Raises:
        ValueError: the bank is empty, or beta is not above 0.
    """
    if bank.ndim != 2 or not len(bank) or not beta > 0:
        raise ValueError(f"a bank holds at least one query, and beta is above 0: {bank.shape}, {beta}")
    logits = beta * np.asarray(bank, dtype=np.float64)
    peak = logits.max(axis=0)
    hubs: NDArray[np.float64] = (peak + np.log(np.exp(logits - peak).mean(axis=0))) / beta
    return hubs


class BankFile:
    """The bank of one space on disk."""

    def __init__(self, folder: Path, space_id: int, dim: int) -> None:
        self.path = folder / f"bank_{space_id}.npy"
        self._dim = dim

    def load(self) -> Bank | None:
        """The bank; None where there is none, or it cannot be read."""
        try:
            queries = np.load(self.path, allow_pickle=False)
            return Bank.of(queries) if queries.shape[1:] == (self._dim,) else None
        except (OSError, ValueError, EOFError):
            return None

    def write(self, bank: Bank) -> None:
        """Put another bank in its place.

        Raises:
            OSError: the disk fails.
        """
        make_private_folder(self.path.parent)
        temporary = self.path.with_suffix(".tmp")
        with open(temporary, "wb", opener=private) as file:
            np.save(file, bank.queries, allow_pickle=False)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(self.path)
        sync_path(self.path.parent)

    def remove(self) -> None:
        """Unlink the bank of a space that is gone."""
        self.path.unlink(missing_ok=True)
