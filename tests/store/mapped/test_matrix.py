"""The mapped matrix: it grows by appends, and one that does not fit counts as empty."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from mediaindex.store.mapped.bank import Hubs
from mediaindex.store.mapped.matrix import MatrixFile
from mediaindex.store.mapped.rows import VectorRows
from mediaindex.store.mapped.segments import SEGMENT
from tests.support.faults import BROKEN, failing


def rows(generation: int, count: int, dim: int = 4) -> VectorRows:
    numbers = np.random.default_rng(generation)
    return VectorRows(
        np.full(count, generation, np.int64),
        np.arange(count, dtype=np.int32),
        np.ones(count, np.float32),
        numbers.normal(size=(count, dim)).astype(np.float16),
    )


def segments(generation: int, count: int, row: int = 0) -> NDArray[np.void]:
    """The segments of a generation that begins at a row: its first frame, and the others if there are any."""
    table = np.zeros(2, SEGMENT)
    table["generation"], table["id"] = generation, [generation, 100 + generation]
    table["row"], table["first_frame"], table["frames"] = [row, row + 1], [0, 1], [1, count - 1]
    return table[:count]


def append(file: MatrixFile, added: VectorRows) -> None:
    file.append(added, segments(int(added.generation[0]), len(added), file.count()))


def replace_all(file: MatrixFile, *parts: VectorRows) -> None:
    first, pairs = 0, []
    for part in parts:
        pairs.append((part, segments(int(part.generation[0]), len(part), first), None))
        first += len(part)
    file.replace(pairs)


def test_matrix_grows_by_appends_and_ignores_what_a_killed_append_left(tmp_path: Path) -> None:
    file = MatrixFile(tmp_path, 1, 4)
    assert len(file.load()) == 0
    append(file, rows(5, 3))
    mapped = file.load()
    (vectors,) = tmp_path.glob("*.vectors")
    with vectors.open("ab") as half:
        half.write(b"\x01" * 5)
    append(file, rows(6, 2))
    loaded = file.load()
    np.testing.assert_array_equal(loaded.generation, [5, 5, 5, 6, 6])
    np.testing.assert_array_equal(loaded.vector[3:], rows(6, 2).vector)
    assert len(mapped) == 3, "a reader keeps what it has mapped"
    replace_all(file, rows(7, 1))
    np.testing.assert_array_equal(file.load().generation, [7])
    assert len(list(tmp_path.glob("*.vectors"))) == 1


def test_a_matrix_holds_norms_and_evidence_of_all_rows_or_of_none(tmp_path: Path) -> None:
    evidence = np.arange(6, dtype=np.float16).reshape(3, 2)
    file = MatrixFile(tmp_path, 1, 4)
    append(file, replace(rows(5, 3), evidence=evidence))
    append(file, replace(rows(6, 3), evidence=-evidence))
    beside = file.load().beside
    assert beside is not None
    np.testing.assert_array_equal(beside["evidence"], np.concatenate([evidence, -evidence]))
    np.testing.assert_array_equal(beside["norm"], np.ones(6))
    append(file, rows(7, 1))
    loaded = file.load()
    assert (len(loaded), loaded.beside) == (7, None)
    append(file, replace(rows(8, 3), evidence=evidence))
    assert file.load().beside is None
    replace_all(file, rows(9, 2))
    assert file.load().beside is not None


def test_segments_stand_beside_the_rows(tmp_path: Path) -> None:
    file = MatrixFile(tmp_path, 1, 4)
    assert len(file.load().segments) == file.count() == 0
    append(file, rows(5, 3))
    (path,) = tmp_path.glob("*.segments")
    with path.open("ab") as half:
        half.write(b"\x01" * 5)
    append(file, rows(6, 2))
    loaded = file.load()
    assert loaded.segments["id"].tolist() == [5, 105, 6, 106]
    assert loaded.segments["row"].tolist() == [0, 1, 3, 4]
    assert (len(loaded), file.count()) == (5, 5)
    replace_all(file, rows(7, 4), rows(8, 2))
    assert file.load().segments["row"].tolist() == [0, 1, 4, 5]
    assert len(list(tmp_path.glob("*.segments"))) == 1
    replace_all(file)
    assert (len(file.load()), file.count()) == (0, 0)


def change_state(file: MatrixFile, **changes: object) -> None:
    """Write other entries; None removes one."""
    state = json.loads(file.state_path.read_text()) | changes
    file.state_path.write_text(json.dumps({key: value for key, value in state.items() if value is not None}))


@pytest.mark.parametrize(
    "changes",
    [{"form": None}, {"form": 1}, {"form": 99}, {"dim": 5}, {"rows": 4}, {"segments": 3}, {"segments": -1}],
    ids=str,
)
def test_a_matrix_that_does_not_fit_is_none_and_is_begun_anew(
    tmp_path: Path, changes: dict[str, object]
) -> None:
    """Of an older form, of another width, or longer than its files are."""
    file = MatrixFile(tmp_path, 1, 4)
    append(file, rows(5, 3))
    change_state(file, **changes)
    assert (len(file.load()), len(file.load().segments), file.count()) == (0, 0, 0)
    append(file, rows(6, 2))
    assert file.load().generation.tolist() == [6, 6]
    file.remove_leftovers()
    assert len(list(tmp_path.iterdir())) == 5, "state, vectors, rows, beside, segments"


@pytest.mark.parametrize("part", ["vectors", "rows", "beside", "segments"])
def test_a_matrix_of_which_a_file_is_cut_or_gone_is_none(tmp_path: Path, part: str) -> None:
    file = MatrixFile(tmp_path, 1, 4)
    append(file, rows(5, 3))
    (path,) = tmp_path.glob(f"*.{part}")
    path.write_bytes(path.read_bytes()[:-1])
    assert (len(file.load()), file.count()) == (0, 0)
    path.unlink()
    assert (len(file.load()), file.count()) == (0, 0)


def test_files_of_another_space_are_not_taken_for_its_own(tmp_path: Path) -> None:
    append(MatrixFile(tmp_path, 1, 4), rows(5, 3))
    other = MatrixFile(tmp_path, 2, 4)
    assert other.count() == 0
    append(other, rows(6, 2))
    other.remove_leftovers()
    assert MatrixFile(tmp_path, 1, 4).load().generation.tolist() == [5, 5, 5]
    other.remove()
    assert MatrixFile(tmp_path, 1, 4).count() == 3
    assert MatrixFile(tmp_path, 1, 8).count() == 0


@pytest.mark.parametrize("evidence", ["2", -1, 10**9, "many", []])
def test_a_matrix_with_other_evidence_than_it_says_is_unfit(tmp_path: Path, evidence: object) -> None:
    file = MatrixFile(tmp_path, 1, 4)
    append(file, rows(5, 3))
    change_state(file, evidence=evidence)
    assert len(file.load()) == 0


@pytest.mark.parametrize("text", ["", "{}", '{"token": "x", "rows": 5, "dim": 4}', "[1]", '{"rows": "a"}'])
def test_an_unfit_matrix_is_empty_not_an_error(tmp_path: Path, text: str) -> None:
    (tmp_path / "space_1.json").write_text(text)
    assert len(MatrixFile(tmp_path, 1, 4).load()) == 0


def test_rows_that_cannot_be_seen_for_a_moment_are_not_taken_for_none(tmp_path: Path) -> None:
    file = MatrixFile(tmp_path, 1, 4)
    append(file, rows(5, 3))
    with failing("open", BROKEN, below=file.state_path), pytest.raises(OSError, match="Input/output"):
        append(file, rows(6, 2))
    append(file, rows(7, 2))
    np.testing.assert_array_equal(file.load().generation, [5, 5, 5, 7, 7])


def hubs(bank: str, *values: float) -> Hubs:
    return Hubs(bank, np.array(values, np.float32))


def hubs_of(file: MatrixFile) -> tuple[str, list[float]] | None:
    held = file.load().hubs
    return None if held is None else (held.bank, held.values.tolist())


def test_hubs_stand_beside_all_segments_or_none(tmp_path: Path) -> None:
    file = MatrixFile(tmp_path, 1, 4)
    file.append(rows(5, 3), segments(5, 3), hubs("a", 0.5, 0.25))
    file.append(rows(6, 3), segments(6, 3, 3), hubs("a", 1.0, 2.0))
    assert hubs_of(file) == ("a", [0.5, 0.25, 1.0, 2.0])
    before = file.load()
    file.append(rows(7, 3), segments(7, 3, 6), hubs("b", 3.0, 4.0))
    assert hubs_of(file) is None
    assert file.set_hubs(hubs("b", *range(6)), file.load())
    assert hubs_of(file) == ("b", [0, 1, 2, 3, 4, 5])
    assert before.hubs is not None
    assert before.hubs.values.tolist() == [0.5, 0.25, 1.0, 2.0], "a reader keeps what it has mapped"
    file.append(rows(8, 3), segments(8, 3, 9))
    assert hubs_of(file) is None


def test_rows_without_segments_leave_the_hubs_alone(tmp_path: Path) -> None:
    file = MatrixFile(tmp_path, 1, 4)
    file.append(rows(5, 3), segments(5, 3), hubs("a", 0.5, 0.25))
    file.append(rows(6, 3), segments(6, 0))
    assert hubs_of(file) == ("a", [0.5, 0.25])


def test_another_bank_is_other_rows_to_a_reader(tmp_path: Path) -> None:
    file = MatrixFile(tmp_path, 1, 4)
    append(file, rows(5, 3))
    before = file.load()
    file.set_hubs(hubs("a", 0.5, 0.25), before)
    first = file.load()
    file.set_hubs(hubs("b", 0.5, 0.25), first)
    second = file.load()
    assert not first.holds_the_rows_of(before)
    assert not second.holds_the_rows_of(first)
    assert second.holds_the_rows_of(file.load())
    assert len(list(tmp_path.glob("*.hubs"))) == 1, "the file of the bank of before is gone"


def test_hubs_of_other_segments_are_not_written(tmp_path: Path) -> None:
    file = MatrixFile(tmp_path, 1, 4)
    assert not file.set_hubs(hubs("a", 0.5), file.load())
    append(file, rows(5, 3))
    before = file.load()
    assert not file.set_hubs(hubs("a", 0.5), before)
    replace_all(file, rows(6, 3))
    assert not file.set_hubs(hubs("a", 0.5, 0.25), before), "as many segments, but others"
    assert (hubs_of(file), list(tmp_path.glob("*.hubs"))) == (None, [])


def test_hubs_that_are_no_numbers_are_none(tmp_path: Path) -> None:
    file = MatrixFile(tmp_path, 1, 4)
    file.append(rows(5, 3), segments(5, 3), hubs("a", 0.5, float("nan")))
    assert (len(file.load()), hubs_of(file)) == (3, None)


def test_hubs_that_go_while_they_are_mapped_take_no_rows_with_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = MatrixFile(tmp_path, 1, 4)
    file.append(rows(5, 3), segments(5, 3), hubs("a", 0.5, 0.25))
    read = MatrixFile._read_state

    def read_before_they_went(self: MatrixFile) -> dict[str, Any] | None:
        state = read(self)
        for path in tmp_path.glob("*.hubs"):
            path.unlink()
        return state

    monkeypatch.setattr(MatrixFile, "_read_state", read_before_they_went)
    assert (len(file.load()), hubs_of(file)) == (3, None)


def test_hubs_that_are_cut_or_gone_are_none(tmp_path: Path) -> None:
    file = MatrixFile(tmp_path, 1, 4)
    file.append(rows(5, 3), segments(5, 3), hubs("a", 0.5, 0.25))
    (path,) = tmp_path.glob("*.hubs")
    path.write_bytes(path.read_bytes()[:-1])
    assert (len(file.load()), hubs_of(file)) == (3, None)
    path.unlink()
    assert (len(file.load()), hubs_of(file)) == (3, None)
    state = json.loads(file.state_path.read_text())
    for said in ({"bank": "../a", "crc32": 0}, {"bank": "a"}, {}, "a", 7):
        file.state_path.write_text(json.dumps({**state, "hubs": said}))
        assert (len(file.load()), hubs_of(file)) == (3, None)
    del state["hubs"]
    file.state_path.write_text(json.dumps(state))
    assert (len(file.load()), hubs_of(file)) == (3, None), "files of before know no bank"


def test_hubs_that_are_not_as_written_are_damage(tmp_path: Path) -> None:
    file = MatrixFile(tmp_path, 1, 4)
    file.append(rows(5, 3), segments(5, 3), hubs("a", 0.5, 0.25))
    file.append(rows(6, 3), segments(6, 3, 3), hubs("a", 1.0, 2.0))
    (path,) = tmp_path.glob("*.hubs")
    with path.open("ab") as behind:
        behind.write(b"of a killed append")
    damaged = [file.is_damaged]
    content = bytearray(path.read_bytes())
    content[5] ^= 1
    path.write_bytes(content)
    damaged.append(file.is_damaged)
    file.set_hubs(hubs("a", 0.5, 0.25, 1.0, 2.0), file.load())
    assert [*damaged, file.is_damaged] == [False, True, False]


def test_what_a_killed_renewal_of_hubs_left_is_removed(tmp_path: Path) -> None:
    file = MatrixFile(tmp_path, 1, 4)
    file.append(rows(5, 3), segments(5, 3), hubs("a", 0.5, 0.25))
    (path,) = tmp_path.glob("*.hubs")
    stray = path.with_name(path.name.replace(".a.hubs", ".b.hubs"))
    stray.write_bytes(b"half")
    file.remove_leftovers()
    assert (stray.exists(), hubs_of(file)) == (False, ("a", [0.5, 0.25]))
    file.append(rows(6, 3), segments(6, 3, 3))
    replace_all(file, rows(7, 1))
    assert not list(tmp_path.glob("*.hubs")), "not even those that the state names no more"
