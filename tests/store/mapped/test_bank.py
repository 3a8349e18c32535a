"""A bank of queries: closed forms of the hubs, the plain formula beside them, and files that do not fit."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from bench._plain_scores import similarities
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray

from mediaindex.store.mapped.bank import BETA, Bank, BankFile, hubness
from mediaindex.store.mapped.rows import joined
from tests.support.drawn_films import DIM, DrawnSegment, Film, films, made_films, query_of, space_of


@given(
    bank=arrays(np.float64, (4, 3), elements=st.floats(-1, 1)),
    beta=st.floats(0.1, 1000),
    shift=st.floats(-1, 1),
)
def test_hubness_lies_between_the_mean_and_the_largest(bank: np.ndarray, beta: float, shift: float) -> None:
    found = hubness(bank, beta=beta)
    assert bool(np.all(found <= bank.max(axis=0) + 1e-9))
    assert bool(np.all(found >= bank.mean(axis=0) - 1e-9))
    np.testing.assert_allclose(hubness(bank + shift, beta=beta), found + shift, atol=1e-9)


def test_corrected_similarities_are_the_inverted_softmax() -> None:
    random = np.random.default_rng(0)
    similarity, bank = random.uniform(-1, 1, (2, 5)), random.uniform(-1, 1, (7, 5))
    softmax = np.exp(20 * similarity) / np.exp(20 * bank).mean(axis=0)
    np.testing.assert_allclose(similarity - hubness(bank, beta=20.0), np.log(softmax) / 20)


def test_an_item_that_is_near_to_everything_stands_back() -> None:
    bank = np.array([[0.9, 0.1, 0.0], [0.9, 0.0, 0.1]])
    corrected = np.array([0.6, 0.5, 0.1]) - hubness(bank, beta=20.0)
    assert corrected.argmax() == 1


def drawn_bank(seed: int, count: int = 300) -> Bank:
    return Bank.of(np.stack([query_of(seed + number) for number in range(count)]))


@settings(max_examples=25)  # each asks 300 queries
@given(made=films(), seed=st.integers(0, 2**31), blend=st.sampled_from([0.0, 0.5, 1.0]))
def test_what_segments_are_to_a_bank_follows_from_their_similarities(
    made: list[Film], seed: int, blend: float
) -> None:
    bank, space = drawn_bank(seed), space_of(made)
    rows = joined([film.rows for film in made])
    found = bank.hubs(rows.generation, rows.vector, space.segments, first_row=0, blend=blend)
    plain = np.stack(
        [
            np.concatenate([similarities(film.plain, query, blend=blend) for film in made])
            for query in bank.queries
        ]
    )
    assert found is not None
    assert found.bank == bank.digest
    assert found.values.dtype == np.float32
    np.testing.assert_allclose(found.values, hubness(plain, beta=BETA), atol=1e-4)


@given(made=films(), first_row=st.integers(0, 10**9))
def test_rows_may_stand_anywhere_in_the_matrix(made: list[Film], first_row: int) -> None:
    bank, space = drawn_bank(1, 3), space_of(made)
    rows, moved = joined([film.rows for film in made]), space.segments.copy()
    moved["row"] += first_row
    moved["around"] += first_row
    alone = bank.hubs(rows.generation, rows.vector, space.segments, first_row=0, blend=0.5)
    found = bank.hubs(rows.generation, rows.vector, moved, first_row=first_row, blend=0.5)
    assert found is not None
    assert alone is not None
    np.testing.assert_array_equal(found.values, alone.values)


def test_a_table_that_does_not_fit_its_rows_gives_no_hubs() -> None:
    made = made_films([[DrawnSegment(2, 1.0, 0.0, True)] * 3, [DrawnSegment(3, 1.0, 0.0, True)] * 4], 5)
    bank, space, rows = drawn_bank(1, 3), space_of(made), joined([film.rows for film in made])
    for column, value in (("around", 10**6), ("row", 10**6), ("frames", 0), ("frames_around", 10**6)):
        damaged = space.segments.copy()
        damaged[column][1] = value
        assert bank.hubs(rows.generation, rows.vector, damaged, first_row=0, blend=0.5) is None, column


def test_a_bank_is_named_by_its_queries() -> None:
    assert drawn_bank(1).digest == drawn_bank(1).digest != drawn_bank(2).digest
    nowhere: NDArray[np.float32] = np.full((1, DIM), np.nan, np.float32)
    for refused in (np.empty((0, DIM), np.float32), nowhere, np.zeros(DIM, np.float32)):
        with pytest.raises(ValueError, match="at least one query"):
            Bank.of(refused)


def test_a_bank_of_one_query_is_no_more_than_its_similarity() -> None:
    (hub,) = hubness(np.array([[0.3]]), beta=BETA)
    assert hub == pytest.approx(0.3)


def test_what_is_written_is_read(tmp_path: Path) -> None:
    file, bank = BankFile(tmp_path / "matrix", 3, DIM), drawn_bank(5)
    assert file.load() is None
    file.write(bank)
    read = file.load()
    assert read is not None
    assert read.digest == bank.digest
    np.testing.assert_array_equal(read.queries, bank.queries)
    file.remove()
    file.remove()
    assert file.load() is None


@pytest.mark.parametrize("content", [b"", b"\x93NUMPY", b"no numbers", b"\x80\x04K\x01."])
def test_a_file_that_holds_no_bank_is_none(tmp_path: Path, content: bytes) -> None:
    file = BankFile(tmp_path, 3, DIM)
    file.path.write_bytes(content)
    assert file.load() is None


def test_a_bank_of_another_width_is_none(tmp_path: Path) -> None:
    BankFile(tmp_path, 3, DIM).write(drawn_bank(5))
    assert BankFile(tmp_path, 3, DIM + 1).load() is None
