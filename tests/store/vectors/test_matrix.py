"""The mapped matrix: it grows by appends, and one that does not fit counts as empty."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from mediaindex.store.vectors.matrix import MatrixFile
from mediaindex.store.vectors.rows import VectorRows
from tests.support.faults import BROKEN, failing


def rows(generation: int, count: int, dim: int = 4) -> VectorRows:
    numbers = np.random.default_rng(generation)
    return VectorRows(
        np.full(count, generation, np.int64),
        np.arange(count, dtype=np.int32),
        np.ones(count, np.float32),
        numbers.normal(size=(count, dim)).astype(np.float16),
    )


def test_matrix_grows_by_appends_and_ignores_what_a_killed_append_left(tmp_path: Path) -> None:
    file = MatrixFile(tmp_path, 1, 4)
    assert len(file.load()) == 0
    file.append(rows(5, 3))
    mapped = file.load()
    (vectors,) = tmp_path.glob("*.vectors")
    with vectors.open("ab") as half:
        half.write(b"\x01" * 5)
    file.append(rows(6, 2))
    loaded = file.load()
    np.testing.assert_array_equal(loaded.generation, [5, 5, 5, 6, 6])
    np.testing.assert_array_equal(loaded.vector[3:], rows(6, 2).vector)
    assert len(mapped) == 3, "a reader keeps what it has mapped"
    file.replace(rows(7, 1))
    np.testing.assert_array_equal(file.load().generation, [7])
    assert len(list(tmp_path.glob("*.vectors"))) == 1


def test_a_matrix_holds_norms_and_evidence_of_all_rows_or_of_none(tmp_path: Path) -> None:
    evidence = np.arange(6, dtype=np.float16).reshape(3, 2)
    file = MatrixFile(tmp_path, 1, 4)
    file.append(replace(rows(5, 3), evidence=evidence))
    file.append(replace(rows(6, 3), evidence=-evidence))
    beside = file.load().beside
    assert beside is not None
    np.testing.assert_array_equal(beside["evidence"], np.concatenate([evidence, -evidence]))
    np.testing.assert_array_equal(beside["norm"], np.ones(6))
    file.append(rows(7, 1))
    loaded = file.load()
    assert (len(loaded), loaded.beside) == (7, None)
    file.append(replace(rows(8, 3), evidence=evidence))
    assert file.load().beside is None
    file.replace(rows(9, 2))
    assert file.load().beside is not None


def test_a_matrix_from_before_goes_on_without_norms(tmp_path: Path) -> None:
    file = MatrixFile(tmp_path, 1, 4)
    file.append(rows(5, 3))
    state = json.loads(file.state_path.read_text())
    del state["evidence"]
    file.state_path.write_text(json.dumps(state))
    (beside,) = tmp_path.glob("*.beside")
    beside.unlink()
    assert len(file.load()) == 3
    file.append(rows(6, 2))
    loaded = file.load()
    assert (len(loaded), loaded.beside) == (5, None)


@pytest.mark.parametrize("evidence", ["2", -1, 10**9, "many", []])
def test_a_matrix_with_other_evidence_than_it_says_is_unfit(tmp_path: Path, evidence: object) -> None:
    file = MatrixFile(tmp_path, 1, 4)
    file.append(rows(5, 3))
    state = json.loads(file.state_path.read_text()) | {"evidence": evidence}
    file.state_path.write_text(json.dumps(state))
    assert len(file.load()) == 0


@pytest.mark.parametrize("text", ["", "{}", '{"token": "x", "rows": 5, "dim": 4}', "[1]", '{"rows": "a"}'])
def test_an_unfit_matrix_is_empty_not_an_error(tmp_path: Path, text: str) -> None:
    (tmp_path / "space_1.json").write_text(text)
    assert len(MatrixFile(tmp_path, 1, 4).load()) == 0


def test_rows_that_cannot_be_seen_for_a_moment_are_not_taken_for_none(tmp_path: Path) -> None:
    file = MatrixFile(tmp_path, 1, 4)
    file.append(rows(5, 3))
    with failing("open", BROKEN, below=file.state_path), pytest.raises(OSError, match="Input/output"):
        file.append(rows(6, 2))
    file.append(rows(7, 2))
    np.testing.assert_array_equal(file.load().generation, [5, 5, 5, 7, 7])
