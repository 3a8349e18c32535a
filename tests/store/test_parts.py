"""Frame cache, matrix, lock, database: each alone."""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mediaindex.errors import (
    NoSpace,
    SchemaTooNew,
    StoreError,
    UsageError,
    WriterBusy,
)
from mediaindex.store.catalog.database import (
    HEAD,
    make_engine,
    migrate,
    revision,
)
from mediaindex.store.catalog.schema import metadata
from mediaindex.store.frame_cache import FrameCache
from mediaindex.store.library import Library, open_library
from mediaindex.store.lock import (
    Holder,
    holder,
    writer_lock,
)
from mediaindex.store.vectors.matrix import MatrixFile
from mediaindex.store.vectors.rows import VectorRows
from tests.store.conftest import write_blob

SAME_FOLDER = settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])


@SAME_FOLDER
@given(jpegs=st.lists(st.binary(max_size=200), min_size=1, max_size=20), data=st.data())
def test_frames_come_back_as_they_were_written(
    tmp_path: Path, jpegs: list[bytes], data: st.DataObject
) -> None:
    cache = FrameCache(tmp_path)
    name = write_blob(cache, jpegs, content="abcdef")
    assert list(cache.read(name)) == jpegs
    ordinal = data.draw(st.integers(0, len(jpegs) - 1))
    assert list(cache.read(name, [ordinal])) == [jpegs[ordinal]]
    assert cache.count(name) == len(jpegs)
    assert write_blob(cache, jpegs, content="abcdef") != name


@pytest.mark.parametrize("harm", [b"", b"MIFRAME1", b"x" * 100, None])
def test_a_damaged_blob_is_an_error_that_names_it(tmp_path: Path, harm: bytes | None) -> None:
    cache = FrameCache(tmp_path)
    name = write_blob(cache, [b"one", b"two"], content="abcdef")
    whole = (tmp_path / name).read_bytes()
    (tmp_path / name).write_bytes(whole[:-1] if harm is None else harm)
    assert cache.count(name) is None
    with pytest.raises(StoreError, match="check --repair"):
        list(cache.read(name))


def test_a_blob_that_is_not_finished_leaves_nothing(tmp_path: Path) -> None:
    cache = FrameCache(tmp_path)
    with cache.new_blob() as blob:
        blob.add(b"one")
        assert len(cache.unsettled) == 1
    assert list(cache.names()) == []
    assert not cache.unsettled


def test_a_frame_that_was_never_there_is_an_error(tmp_path: Path) -> None:
    cache = FrameCache(tmp_path)
    name = write_blob(cache, [b"one"], content="ab")
    with pytest.raises(StoreError):
        list(cache.read(name, [1]))
    cache.remove(name)
    cache.remove(name)
    with pytest.raises(StoreError):
        list(cache.read(name))


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


def test_the_lock_is_held_once_and_names_its_holder(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    assert holder(path) is None
    with writer_lock(path):
        assert holder(path) == Holder(os.getpid(), "command")
        with pytest.raises(WriterBusy, match=str(os.getpid())), writer_lock(path):
            pass
    assert holder(path) is None


def test_the_lock_of_a_killed_process_is_free_at_once(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    code = (
        "import sys,pathlib\nfrom mediaindex.store.lock import writer_lock\n"
        f"with writer_lock(pathlib.Path({str(path)!r})):\n print('held', flush=True)\n sys.stdin.read()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        assert holder(path) == Holder(process.pid, "command")
        process.kill()
        process.wait()
    with writer_lock(path):
        pass


def test_the_first_revision_makes_the_tables_that_the_code_names(tmp_path: Path) -> None:
    engine = make_engine(tmp_path / "library.sqlite")
    migrate(engine)
    assert revision(engine) == HEAD
    with engine.connect() as connection:
        found = compare_metadata(MigrationContext.configure(connection), metadata)
        assert [change for change in found if "word_index" not in str(change)] == []
    migrate(engine)
    engine.dispose()


def test_a_library_of_a_newer_schema_is_refused_by_name(library: Path) -> None:
    open_library(library, create=True).close()
    with sqlite3.connect(library / "library.sqlite") as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    connection.close()
    with pytest.raises(SchemaTooNew, match=r"9999.*update mediaindex"):
        open_library(library)


@pytest.mark.parametrize("content", [b"no database at all" * 100, None])
def test_a_damaged_database_is_one_line(library: Path, content: bytes | None) -> None:
    open_library(library, create=True).close()
    path = library / "library.sqlite"
    if content is None:
        whole = bytearray(path.read_bytes())
        whole[4096 : 4096 * 12] = b"\xff" * (4096 * 11)
        content = bytes(whole)
    path.write_bytes(content)
    with pytest.raises(StoreError, match="damaged"):
        open_library(library)


def test_no_library_is_a_usage_error(library: Path) -> None:
    with pytest.raises(UsageError, match="mediaindex index"):
        open_library(library)
    assert not library.exists()


def test_a_new_library_is_its_owners_alone(opened: Library) -> None:
    assert opened.root.stat().st_mode & 0o777 == 0o700


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_library_that_cannot_be_made_is_no_space(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(NoSpace):
        open_library(tmp_path / "library", create=True)


def test_a_library_below_a_file_is_no_space(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(NoSpace, match="another --library"):
        open_library(tmp_path / "file" / "library", create=True)


def test_a_read_only_library_is_read_and_not_written(library: Path) -> None:
    open_library(library, create=True).close()
    opened = Library(library, read_only=True)
    with opened.read() as connection:
        assert connection.execute(sa.text("SELECT value FROM meta")).scalar() == "0"
    with pytest.raises(NoSpace, match="read-only"), opened.write():
        pass
    with pytest.raises(NoSpace, match="read-only"), opened.lock():
        pass
    opened.close()


def test_a_writer_waits_for_another_and_a_reader_does_not(opened: Library) -> None:
    with opened.write() as writing:
        writing.execute(sa.text("INSERT INTO meta VALUES ('a', '1')"))
        with opened.read() as reading:
            assert reading.execute(sa.text("SELECT count(*) FROM meta WHERE key = 'a'")).scalar() == 0
    with opened.read() as reading:
        assert reading.execute(sa.text("SELECT count(*) FROM meta WHERE key = 'a'")).scalar() == 1
