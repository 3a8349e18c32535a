"""Rows of vectors: unit length with the norm beside it, joined and taken in any order."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from mediaindex.media import FrameEmbeddings
from mediaindex.store.mapped.rows import VectorRows, joined, new_generation, vector_rows
from tests.support.small_library import embeddings


@given(st.integers(1, 6), st.integers(0, 99))
def test_direction_and_norm_give_the_embedding_back(frames: int, seed: int) -> None:
    made = embeddings(frames, seed)
    rows = vector_rows(7, made)
    assert len(rows) == frames
    assert rows.generation.tolist() == [7] * frames
    assert rows.frame.tolist() == list(range(frames))
    np.testing.assert_allclose(np.linalg.norm(rows.vector.astype(np.float32), axis=1), 1.0, atol=2e-3)
    np.testing.assert_allclose(rows.vector * rows.norm[:, None], made.vectors, atol=5e-3)
    np.testing.assert_array_equal(rows.evidence, made.evidence)


def test_an_embedding_of_zeros_is_no_division_by_zero() -> None:
    rows = vector_rows(1, FrameEmbeddings(np.zeros((2, 4), np.float32)))
    assert not rows.vector.any()
    assert rows.norm.tolist() == [0.0, 0.0]


def test_rows_are_joined_in_order_and_taken_by_mask_or_index() -> None:
    one, other = vector_rows(1, embeddings(2, 1)), vector_rows(2, embeddings(3, 2))
    both = joined([one, other])
    assert both.generation.tolist() == [1, 1, 2, 2, 2]
    taken = both.take(both.generation == 2)
    for name in VectorRows.__slots__:
        np.testing.assert_array_equal(getattr(taken, name), getattr(other, name))
    assert both.take(np.array([4, 0])).frame.tolist() == [2, 0]


def test_evidence_is_kept_only_where_every_part_has_it() -> None:
    rows = vector_rows(1, embeddings(2, 1))
    without = vector_rows(2, FrameEmbeddings(embeddings(2, 2).vectors))
    assert joined([rows, rows]).evidence is not None
    assert joined([rows, without]).evidence is None
    assert joined([without]).take(np.array([0])).evidence is None


def test_a_generation_fits_a_signed_column_and_does_not_repeat() -> None:
    made = {new_generation() for _ in range(1000)}
    assert len(made) == 1000
    assert all(0 <= generation < 2**63 for generation in made)
