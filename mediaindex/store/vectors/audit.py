"""What is wrong with the vectors of a space: what lacks, what is damaged, whether the mapped files agree.

A visible vector has a slot: generations in ascending order, the frames of each one after the other. So a
table of any size is compared while a few bytes of each vector, and one block of rows, are in memory.
"""

from __future__ import annotations

import mmap
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
import sqlalchemy as sa
from numpy.typing import NDArray

from mediaindex.store.mapped.matrix import Matrix
from mediaindex.store.mapped.rows import VectorRows
from mediaindex.store.mapped.segments import SEGMENT, segment_table, whole_generations

UNIT_TOLERANCE = 0.02
"""What float16 leaves of a length of one, with room."""
NOWHERE = -1


@dataclass(frozen=True, slots=True)
class Audit:
    """What is wrong with a space.

    Attributes:
        incomplete: visible generations that have other frames than 0 to their count, each once.
        damaged: those of the others with a vector that is not of unit length.
        unowned: generations in the table that are not visible.
        matrix_differs: whether visible rows of the matrix are not what is stored.
    """

    incomplete: list[int]
    damaged: list[int]
    unowned: set[int]
    matrix_differs: bool


class _Slots:
    """The slots of what is visible: generation → number of its vectors."""

    def __init__(self, visible: Mapping[int, int]) -> None:
        self.generations = np.array(sorted(visible), np.int64)
        self.counts = np.array([visible[g] for g in self.generations.tolist()], np.int64)
        self.ends = np.cumsum(self.counts)
        self.starts = self.ends - self.counts

    def __len__(self) -> int:
        return int(self.counts.sum())

    def find(
        self, generation: NDArray[np.int64], frame: NDArray[np.int32]
    ) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """(N,) the index of each row's generation and (N,) its slot; NOWHERE where there is none."""
        if not len(self.generations):
            nowhere = np.full(len(generation), NOWHERE, np.int64)
            return nowhere, nowhere
        index = np.searchsorted(self.generations, generation)
        index[index == len(self.generations)] = 0
        is_visible = self.generations[index] == generation
        has_slot = is_visible & (frame >= 0) & (frame < self.counts[index])
        slot = np.where(has_slot, self.starts[index] + frame, NOWHERE)
        return np.where(is_visible, index, NOWHERE), slot

    def filled(self, is_there: NDArray[np.bool_]) -> NDArray[np.int64]:
        """For each generation, how many of its slots are."""
        until = np.concatenate([[0], np.cumsum(is_there)])
        return np.asarray(until[self.ends] - until[self.starts], np.int64)


def audit(batches: Iterable[VectorRows], visible: Mapping[int, int], matrix: Matrix) -> Audit:
    """Compare stored rows, in any order, with what is visible and with the matrix.

    Args:
        visible: generation → number of its vectors.
    """
    slots = _Slots(visible)
    mapped, differs = _mapped(slots, matrix)
    times = np.zeros(len(slots), np.int32)
    is_broken = np.zeros(len(slots.generations), np.bool_)
    is_damaged = np.zeros(len(slots.generations), np.bool_)
    unowned: set[int] = set()
    for rows in batches:
        index, slot = slots.find(rows.generation, rows.frame)
        unowned.update(np.unique(rows.generation[index == NOWHERE]).tolist())
        is_broken[index[(index != NOWHERE) & (slot == NOWHERE)]] = True
        is_damaged[index[(index != NOWHERE) & ~_is_unit(rows)]] = True
        has_slot = slot != NOWHERE
        np.add.at(times, slot[has_slot], 1)
        row = np.full(len(rows), NOWHERE, np.int64)
        row[has_slot] = mapped[slot[has_slot]]
        is_mapped = row != NOWHERE
        differs = differs or not _equal(matrix.vector[row[is_mapped]], rows.vector[is_mapped])
        _let_go(matrix.vector)
    is_incomplete = is_broken | (slots.filled(times == 1) != slots.counts)
    return Audit(
        incomplete=slots.generations[is_incomplete].tolist(),
        damaged=slots.generations[is_damaged & ~is_incomplete].tolist(),
        unowned=unowned,
        matrix_differs=differs or bool(((mapped != NOWHERE) & (times == 0)).any()),
    )


def segments_differ(connection: sa.Connection, extractions: Mapping[int, int], matrix: Matrix) -> bool:
    """Whether the segment table of what is visible is not what the catalogue and the vectors say.

    Args:
        extractions: visible generation → the extraction whose frames its vectors are.
    """
    generation, frame = matrix.generation, matrix.frame
    visible = np.array(list(extractions), np.int64)
    stored = matrix.segments[np.isin(matrix.segments["generation"], visible)]
    place = 0
    for start, end in whole_generations(generation):
        vector = np.array(matrix.vector[start:end])
        rows = VectorRows(generation[start:end], frame[start:end], np.ones(end - start, np.float32), vector)
        table = segment_table(connection, extractions, rows, first_row=start)
        if not _same_segments(stored[place : place + len(table)], table):
            return True
        place += len(table)
        _let_go(matrix.vector)
    return place != len(stored)


def _same_segments(one: NDArray[np.void], other: NDArray[np.void]) -> bool:
    """Whether two parts of tables say the same; sums of vectors differ in the last digits by their order."""
    if len(one) != len(other):
        return False
    summed = ("around_norm", "likeness")
    exact = [name for name in SEGMENT.names or () if name not in summed]
    return all(np.array_equal(one[name], other[name]) for name in exact) and all(
        np.allclose(one[name], other[name], rtol=1e-4, atol=1e-4) for name in summed
    )


def _mapped(slots: _Slots, matrix: Matrix) -> tuple[NDArray[np.int64], bool]:
    """(slots,) the matrix's row of each slot, and whether some generation has other rows than slots."""
    index, slot = slots.find(matrix.generation, matrix.frame)
    mapped = np.full(len(slots), NOWHERE, np.int64)
    has_slot = slot != NOWHERE
    mapped[slot[has_slot]] = np.flatnonzero(has_slot)  # of doubled rows, `filled` counts one
    rows = np.bincount(index[index != NOWHERE], minlength=len(slots.generations))
    filled = slots.filled(mapped != NOWHERE)
    is_held = rows > 0
    return mapped, bool((rows != filled).any() or (filled[is_held] != slots.counts[is_held]).any())


def _let_go(mapped: NDArray[np.float16]) -> None:
    """Let the system take back the pages of a mapped array that were read; it maps them again when asked."""
    memory: object = mapped.base
    if isinstance(memory, mmap.mmap) and hasattr(mmap, "MADV_DONTNEED"):
        memory.madvise(mmap.MADV_DONTNEED)


def _equal(one: NDArray[np.float16], other: NDArray[np.float16]) -> bool:
    """Whether two arrays hold the same bits."""
    return bool(np.array_equal(one.view(np.uint16), np.ascontiguousarray(other).view(np.uint16)))


def _is_unit(rows: VectorRows) -> NDArray[np.bool_]:
    """(N,) whether a row is what was written, as far as its length tells."""
    lengths = np.linalg.norm(rows.vector.astype(np.float32), axis=1)
    # An embedding of zeros has no direction.
    is_zero = (lengths == 0) & (rows.norm == 0)
    return np.asarray(np.isfinite(rows.norm) & ((np.abs(lengths - 1) < UNIT_TOLERANCE) | is_zero), np.bool_)
