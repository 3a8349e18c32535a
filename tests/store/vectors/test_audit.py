"""An audit of a space finds what a plain comparison of all rows finds, a block at a time."""

from __future__ import annotations

import tracemalloc
from collections.abc import Iterator, Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from mediaindex.store.mapped.matrix import ROW, Matrix
from mediaindex.store.mapped.rows import VectorRows
from mediaindex.store.mapped.segments import no_segments
from mediaindex.store.vectors.audit import Audit, audit

DIM = 4
Row = tuple[int, int, int]
"""Generation, frame, and which of a few vectors stands there; vector 0 is damaged."""


def vector(number: int) -> np.ndarray:
    made = np.random.default_rng(number).normal(size=DIM)
    return np.asarray(made / np.linalg.norm(made) * (0.5 if number == 0 else 1.0), np.float16)


def columns(rows: Sequence[Row]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    return (
        np.array([row[0] for row in rows], np.int64),
        np.array([row[1] for row in rows], np.int32),
        np.array([vector(row[2]) for row in rows], np.float16).reshape(-1, DIM),
    )


def batches(rows: Sequence[Row], size: int) -> Iterator[VectorRows]:
    for start in range(0, len(rows), size):
        generation, frame, vectors = columns(rows[start : start + size])
        yield VectorRows(generation, frame, np.ones(len(frame), np.float32), vectors)


def plain(rows: Sequence[Row], visible: dict[int, int], mapped: Sequence[Row]) -> Audit:
    """The same by lists of everything."""
    held: dict[int, list[Row]] = {}
    for row in sorted(rows):
        held.setdefault(row[0], []).append(row)
    incomplete = [g for g, n in sorted(visible.items()) if [r[1] for r in held.get(g, [])] != [*range(n)]]
    damaged = [g for g in sorted(visible) if g not in incomplete and any(not r[2] for r in held[g])]
    of_matrix: dict[int, list[Row]] = {}
    for row in sorted(mapped):
        if row[0] in visible:
            of_matrix.setdefault(row[0], []).append(row)
    differs = any(held.get(g, []) != rows for g, rows in of_matrix.items())
    return Audit(incomplete, damaged, set(held) - set(visible), differs)


rows_of = st.lists(st.tuples(st.integers(0, 4), st.integers(-1, 3), st.integers(0, 2)), max_size=14)


def matrix_of(
    generation: NDArray[np.int64], frame: NDArray[np.int32], vectors: NDArray[np.float16]
) -> Matrix:
    rows = np.empty(len(generation), ROW)
    rows["generation"], rows["frame"] = generation, frame
    return Matrix("", rows, vectors, None, no_segments())


@given(
    visible=st.dictionaries(st.integers(0, 4), st.integers(1, 3), max_size=5),
    strays=rows_of,
    of_matrix=rows_of,
    agrees=st.booleans(),
    size=st.integers(1, 5),
)
def test_an_audit_finds_what_a_comparison_of_all_rows_finds(
    visible: dict[int, int], strays: list[Row], of_matrix: list[Row], agrees: bool, size: int
) -> None:
    whole = [(g, frame, 1 + frame % 2) for g, count in visible.items() for frame in range(count)]
    stored = [*strays[:4], *whole] if agrees else strays
    mapped = [row for row in stored if row[0] % 2] if agrees else of_matrix
    generation, frame, vectors = columns(mapped)
    found = audit(batches(stored, size), visible, matrix_of(generation, frame, vectors))
    expected = plain(stored, visible, mapped)
    if expected.incomplete:  # of what is not complete, the matrix need not be compared
        assert (found.incomplete, found.damaged, found.unowned) == (
            expected.incomplete,
            expected.damaged,
            expected.unowned,
        )
    else:
        assert found == expected


def test_a_matrix_with_one_other_bit_differs_and_one_that_lacks_a_generation_does_not() -> None:
    rows = [(generation, frame, 1 + frame) for generation in (5, 7) for frame in range(3)]
    generation, frame, vectors = columns(rows[3:])
    matrix = matrix_of(generation, frame, vectors)
    assert not audit(batches(rows, 2), {5: 3, 7: 3}, matrix).matrix_differs
    vectors.view(np.uint16)[1, 0] ^= 1
    assert audit(batches(rows, 2), {5: 3, 7: 3}, matrix).matrix_differs
    partial = matrix_of(generation[:2], frame[:2], columns(rows[3:5])[2])
    assert audit(batches(rows, 2), {5: 3, 7: 3}, partial).matrix_differs


@pytest.mark.parametrize("blocks", [4, 40])
def test_memory_does_not_grow_with_the_vectors(blocks: int) -> None:
    """Ten times the rows may cost a few bytes more each, and no further block of vectors."""
    count, dim = 2_000, 256
    vectors = np.zeros((count, dim), np.float16)
    vectors[:, 0] = 1.0
    block_bytes = vectors.nbytes

    def made() -> Iterator[VectorRows]:
        for generation in range(blocks):
            generations = np.full(count, generation, np.int64)
            norms, frames = np.ones(count, np.float32), np.arange(count, dtype=np.int32)
            yield VectorRows(generations, frames, norms, vectors.copy())

    nothing = matrix_of(np.empty(0, np.int64), np.empty(0, np.int32), np.empty((0, dim), np.float16))
    tracemalloc.start()
    try:
        found = audit(made(), dict.fromkeys(range(blocks), count), nothing)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert found == Audit([], [], set(), matrix_differs=False)
    assert peak < 8 * block_bytes + 40 * blocks * count
