"""Cosines of a query with all rows: through torch where it is loaded, through numpy where it is not."""

from __future__ import annotations

import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from mediaindex.search.channels.similarity import unit
from mediaindex.store.mapped import scan
from mediaindex.store.mapped.scan import cosines, single


@pytest.fixture(scope="module", autouse=True)
def loaded_torch() -> None:
    import torch

    assert torch.float16.is_floating_point


def rows_of(count: int, dim: int, seed: int) -> tuple[NDArray[np.float16], NDArray[np.float32]]:
    numbers = np.random.default_rng(seed)
    rows = unit(1.0 + numbers.normal(size=(count, dim))).astype(np.float16)
    return rows, unit(numbers.normal(size=dim))


def by_numpy(rows: NDArray[np.float16], query: NDArray[np.float32]) -> NDArray[np.float32]:
    with pytest.MonkeyPatch.context() as patch:
        patch.delitem(sys.modules, "torch")
        return cosines(rows, query)


@settings(deadline=None)
@given(count=st.integers(0, 300), dim=st.sampled_from([1, 6, 64, 512, 768]), seed=st.integers(0, 2**32 - 1))
def test_both_ways_give_the_cosines(count: int, dim: int, seed: int) -> None:
    rows, query = rows_of(count, dim, seed)
    exact = rows.astype(np.float64) @ query.astype(np.float64)
    for found, error in ((cosines(rows, query), 1e-3), (by_numpy(rows, query), 1e-6)):
        assert found.dtype == np.float32
        assert found.shape == (count,)
        np.testing.assert_allclose(found, exact, atol=error)


def test_rows_are_taken_in_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    rows, query = rows_of(1000, 64, 0)
    whole = by_numpy(rows, query)
    for block in (1, 7 * 4 * 64, 1000 * 4 * 64):
        monkeypatch.setattr(scan, "BLOCK_BYTES", block)
        np.testing.assert_allclose(by_numpy(rows, query), whole, atol=1e-6)


def test_a_scan_imports_no_torch() -> None:
    rows, query = rows_of(3, 4, 0)
    with pytest.MonkeyPatch.context() as patch:
        patch.delitem(sys.modules, "torch")
        cosines(rows, query)
        assert "torch" not in sys.modules


def test_mapped_rows_are_not_written(tmp_path_factory: pytest.TempPathFactory) -> None:
    rows, query = rows_of(20, 8, 1)
    path = tmp_path_factory.mktemp("rows") / "vectors"
    path.write_bytes(rows.tobytes())
    mapped = np.memmap(path, np.float16, "c", shape=rows.shape)
    np.testing.assert_allclose(cosines(mapped, query), by_numpy(mapped, query), atol=1e-3)
    assert path.read_bytes() == rows.tobytes()


def test_every_finite_half_is_the_same_number_in_single_precision() -> None:
    every = np.arange(1 << 16, dtype=np.uint16).view(np.float16)
    finite = every[np.isfinite(every)]
    made = single(finite, np.empty(len(finite), np.int32))
    assert np.array_equal(made, finite.astype(np.float32))
    assert np.array_equal(np.signbit(made), np.signbit(finite))
