"""One LanceDB table: rows come back as they were added, and its errors in a person's words."""

from __future__ import annotations

import shutil
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest

from mediaindex.errors import MediaIndexError, NoSpace, StoreError
from mediaindex.media import FrameEmbeddings
from mediaindex.store.catalog.lookup import FrameSpan
from mediaindex.store.mapped.rows import VectorRows, joined, vector_rows
from mediaindex.store.vectors import lance
from mediaindex.store.vectors.lance import LanceSpace, translated
from tests.support.small_library import DIM, embeddings


@pytest.fixture
def table(tmp_path: Path) -> LanceSpace:
    return LanceSpace(tmp_path, 1, DIM, 4)


def in_order(rows: VectorRows) -> VectorRows:
    return rows.take(np.lexsort((rows.frame, rows.generation)))


def assert_same(rows: VectorRows, expected: VectorRows) -> None:
    for name in VectorRows.__slots__:
        np.testing.assert_array_equal(getattr(in_order(rows), name), getattr(in_order(expected), name))


def test_rows_come_back_to_the_bit_and_another_handle_sees_them(table: LanceSpace, tmp_path: Path) -> None:
    one, other = vector_rows(1, embeddings(3, 1)), vector_rows(2, embeddings(2, 2))
    table.add(one)
    reader = LanceSpace(tmp_path, 1, DIM, 4)
    assert_same(reader.read(), one)
    table.add(other)
    assert_same(reader.read(), joined([one, other]))
    assert_same(reader.read([2]), other)
    assert len(reader.read([])) == len(reader.read([9])) == 0
    assert reader.generations() == {1, 2}


def test_a_reader_makes_no_table(table: LanceSpace, tmp_path: Path) -> None:
    assert not table.exists
    assert len(table.read()) == len(table.read_spans([FrameSpan(1, 0, 1)])) == table.fragments() == 0
    assert table.generations() == set()
    assert list(tmp_path.iterdir()) == []
    assert table.read().vector.shape == (0, DIM)


def test_deleted_generations_are_gone_and_the_others_stay(table: LanceSpace) -> None:
    for generation in range(4):
        table.add(vector_rows(generation, embeddings(2, generation)))
    before = len(table.versions())
    table.delete([])
    assert len(table.versions()) == before, "no version without a change"
    table.delete([0, 3, 99])
    assert table.generations() == {1, 2}


def test_stretches_of_frames_are_read_alone(table: LanceSpace) -> None:
    rows = joined([vector_rows(number, embeddings(5, number)) for number in (1, 2)])
    table.add(rows)
    spans = [FrameSpan(1, 1, 2), FrameSpan(2, 4, 1)]
    wanted = ((rows.generation == 1) & np.isin(rows.frame, [1, 2])) | (
        (rows.generation == 2) & (rows.frame == 4)
    )
    assert_same(table.read_spans(spans), rows.take(wanted))


def test_rows_without_evidence_have_none(table: LanceSpace) -> None:
    plain = vector_rows(1, FrameEmbeddings(embeddings(2, 1).vectors))
    table.add(plain)
    assert table.read().evidence is None


def test_the_nearest_rows_come_best_first(table: LanceSpace) -> None:
    rows = joined([vector_rows(number, embeddings(4, number)) for number in range(5)])
    table.add(rows)
    query = embeddings(1, 77).vectors[0]
    query = query / np.linalg.norm(query)
    best = np.argsort(-(rows.vector.astype(np.float32) @ query), kind="stable")[:3]
    expected = [(rows.generation[n], rows.frame[n]) for n in best]
    assert list(zip(*table.nearest(query, 3), strict=True)) == expected
    states = [table.has_index]
    table.build_index()
    states.append(table.has_index)
    assert list(zip(*table.nearest(query, 3), strict=True)) == expected, "the best are compared exactly"
    table.drop_index()
    assert [*states, table.has_index] == [False, True, False]


def test_merging_and_pruning_leave_one_piece_with_the_same_rows(table: LanceSpace) -> None:
    rows = [vector_rows(number, embeddings(2, number)) for number in range(4)]
    for part in rows:
        table.add(part)
    assert (table.fragments(), table.data_files()) == (4, 4)
    table.merge()
    table.prune(timedelta(0))
    assert (table.fragments(), len(table.versions())) == (1, 1)
    assert_same(table.read(), joined(rows))


def test_a_table_that_lost_its_data_is_damaged_by_name(table: LanceSpace, tmp_path: Path) -> None:
    table.add(vector_rows(1, embeddings(2, 1)))
    shutil.rmtree(tmp_path / "space_1.lance" / "data")
    with pytest.raises(StoreError, match="check --repair"):
        LanceSpace(tmp_path, 1, DIM, 4).read()


@pytest.mark.parametrize(
    ("text", "kind", "word"),
    [
        ("LanceError(IO): No space left (os error 28)", NoSpace, "no space left"),
        ("quota (os error 122)", NoSpace, "no space left"),
        ("Permission denied (os error 13)", NoSpace, "permissions"),
        ("Read-only file system (os error 30)", NoSpace, "permissions"),
        ("No such file (os error 2)", StoreError, "check --repair"),
        ("os error 131", StoreError, "check --repair"),
    ],
)
def test_errors_of_lancedb_are_told_apart(text: str, kind: type[MediaIndexError], word: str) -> None:
    error = translated(RuntimeError(text), Path("/library/vectors"))
    assert type(error) is kind
    assert word in str(error)
    assert "/library/vectors" in str(error)


def test_a_table_is_read_in_blocks_of_one_version(table: LanceSpace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lance, "ROWS_AT_ONCE", 4)
    assert list(table.batches()) == []
    parts = [vector_rows(generation, embeddings(3, generation)) for generation in range(5)]
    for part in parts[:4]:
        table.add(part)
    table.delete([1])
    blocks = []
    for number, block in enumerate(table.batches()):
        blocks.append(block)
        if number == 0:
            table.add(parts[4])
            table.delete([2])
    assert [len(block) for block in blocks] == [4, 4, 1]
    assert_same(joined(blocks), joined([parts[0], parts[2], parts[3]]))
    assert_same(joined(list(table.batches())), joined([parts[0], parts[3], parts[4]]))
