"""The index of a large space: built by a child when it is due, kept where it finds enough."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from mediaindex.ingest.writer import vector_index
from mediaindex.ingest.writer.vector_index import IndexBuild, build
from mediaindex.store.catalog.database import get_meta
from mediaindex.store.library import Library, open_library
from mediaindex.store.mapped.bank import Bank
from mediaindex.store.mapped.rows import VectorRows, new_generation
from mediaindex.store.mapped.scan import cosines
from mediaindex.store.mapped.segments import no_segments
from mediaindex.store.vectors import spaces
from mediaindex.store.vectors.spaces import Space
from tests.support.faults import BROKEN, failing
from tests.support.processes import start
from tests.support.waiting import until

DIM = 256
ROWS = 2100
"""A little more than 1 MiB."""


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[Library]:
    with open_library(tmp_path / "library", create=True) as library:
        yield library


@pytest.fixture
def space(opened: Library) -> Space:
    with opened.write() as connection:
        return spaces.ensure_space(
            connection,
            encoder="numbers",
            digest="one",
            preprocessing="none",
            dim=DIM,
            evidence_dim=None,
            blend=0.5,
        )


def add_rows(library: Library, space: Space, count: int) -> None:
    """Rows in LanceDB and in the files."""
    vectors = np.random.default_rng(count).normal(size=(count, DIM))
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    rows = VectorRows(
        np.full(count, new_generation()),
        np.arange(count, dtype=np.int32),
        np.ones(count, np.float32),
        vectors.astype(np.float16),
    )
    library.vectors(space).add(rows)
    library.matrix(space).append(rows, no_segments())


def begins(library: Library, space: Space, building: IndexBuild, *, exact_limit_mib: int) -> bool:
    """Whether an index is being built after it was asked for."""
    building.begin_if_due(library, space, exact_limit_mib=exact_limit_mib)
    return building.is_running


def test_a_small_space_gets_no_index(opened: Library, space: Space) -> None:
    building = IndexBuild()
    assert not begins(opened, space, building, exact_limit_mib=0), "it is empty"
    add_rows(opened, space, 100)
    assert not begins(opened, space, building, exact_limit_mib=1)
    building.wait()
    building.end()


def test_files_that_cannot_be_read_are_asked_again(opened: Library, space: Space) -> None:
    add_rows(opened, space, 100)
    building = IndexBuild()
    with failing("open", BROKEN, below=opened.matrix(space).folder) as fault:
        assert not begins(opened, space, building, exact_limit_mib=0)
    assert fault.raised
    assert begins(opened, space, building, exact_limit_mib=0)
    building.end()


def test_a_child_builds_the_index_that_is_due(opened: Library, space: Space) -> None:
    add_rows(opened, space, ROWS)
    building = IndexBuild()
    assert begins(opened, space, building, exact_limit_mib=1)
    building.wait()
    assert not building.is_running
    assert opened.vectors(space).has_index
    assert not begins(opened, space, building, exact_limit_mib=1), "it has one"


def test_a_build_ends_with_the_writer(opened: Library, space: Space) -> None:
    add_rows(opened, space, ROWS)
    building = IndexBuild()
    building.begin_if_due(opened, space, exact_limit_mib=1)
    building.end()
    assert not building.is_running
    assert not opened.vectors(space).has_index


def run_child(opened: Library, space: Space) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", vector_index.__name__, opened.root, space.id]
    return start(command, stdin=subprocess.PIPE, stderr=subprocess.PIPE)


def test_a_child_ends_in_order(opened: Library, space: Space) -> None:
    add_rows(opened, space, 300)
    child = run_child(opened, space)
    code = child.wait()
    assert (child.communicate()[1], code) == ("", 0)
    assert opened.vectors(space).has_index


def test_a_child_ends_with_its_parent(opened: Library, space: Space) -> None:
    add_rows(opened, space, ROWS)
    child = run_child(opened, space)
    assert child.communicate("")[1] == "", "its pipe was closed"
    assert child.returncode == 1
    assert not opened.vectors(space).has_index


def test_an_index_that_finds_enough_is_kept(opened: Library, space: Space) -> None:
    add_rows(opened, space, 300)
    assert build(opened, space) >= vector_index.LEAST_RECALL
    assert opened.vectors(space).has_index


def test_an_index_is_judged_by_sentences_where_there_are_some(
    opened: Library, space: Space, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Sentences are not among the rows, and the gate asks as they do."""
    add_rows(opened, space, 300)
    sentences = np.random.default_rng(7).normal(size=(9, DIM)).astype(np.float32)
    sentences /= np.linalg.norm(sentences, axis=1, keepdims=True)
    opened.bank(space).write(Bank.of(sentences))
    asked: list[bytes] = []
    real = cosines

    def counted(rows: NDArray[np.float16], query: NDArray[np.float32]) -> NDArray[np.float32]:
        asked.append(query.tobytes())
        return real(rows, query)

    monkeypatch.setattr(vector_index, "cosines", counted)
    build(opened, space)
    assert sorted(asked) == sorted(sentence.tobytes() for sentence in sentences)


@pytest.mark.kill
def test_a_kill_in_the_middle_leaves_a_library_that_answers_and_builds_again(
    opened: Library, space: Space
) -> None:
    add_rows(opened, space, 4 * ROWS)
    child = run_child(opened, space)
    until(lambda: any(opened.root.glob("vectors/**/_indices/*")), child)
    child.kill()
    child.communicate()
    opened.forget_handles()
    was_built = opened.vectors(space).has_index  # on a busy machine the kill may come too late
    rows = opened.vectors(space).read()
    assert len(rows.generation) == 4 * ROWS
    building = IndexBuild()
    assert begins(opened, space, building, exact_limit_mib=1) != was_built
    building.wait()
    opened.forget_handles()
    with opened.read() as connection:
        refused = get_meta(connection, f"index_refused_{space.id}")
    assert opened.vectors(space).has_index or refused == str(4 * ROWS), "it was built to its end, and judged"
    generation, _frame = opened.vectors(space).nearest(rows.vector[0].astype(np.float32), 5)
    assert len(generation) == 5


def test_an_index_that_finds_too_little_is_dropped_until_the_space_has_grown(
    opened: Library, space: Space, monkeypatch: pytest.MonkeyPatch
) -> None:
    add_rows(opened, space, 600)
    monkeypatch.setattr(vector_index, "LEAST_RECALL", 1.1)
    assert build(opened, space) <= 1.0
    assert not opened.vectors(space).has_index
    building = IndexBuild()
    assert not begins(opened, space, building, exact_limit_mib=0), "it was of no use"
    add_rows(opened, space, 301)
    assert begins(opened, space, building, exact_limit_mib=0)
    building.end()
